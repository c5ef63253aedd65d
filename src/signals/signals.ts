/**
 * Signals to people and to Prometheus. Nothing here changes how a run ends: what goes wrong is told, and that is all.
 *
 * @module
 */
import { dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { writeAside } from "../engine/aside.ts";
import { fileNameOf } from "../engine/store.ts";
import type { Event } from "../model/event.ts";
import { type Account, add } from "./account.ts";
import { deliver } from "./deliver.ts";
import { after, CHANNELS, type Incident, judge } from "./incident.ts";
import { metricsText, samplesIn, updated } from "./metrics.ts";

export interface Signals {
  onEvent(event: Event): void;
  /** The run of a service has ended: people are told of it. */
  ended(service: string): Promise<void>;
  /** All runs have ended. */
  close(): Promise<void>;
}

export interface SignalOptions {
  /** The state directory. */
  readonly dir: string;
  readonly host: string;
  readonly version: string;
  readonly warn: (text: string) => void;
  /** There are services that could not be read: what was measured of them stays, so that an alert on its age fires. */
  readonly torn: boolean;
  /** How long another process is waited for. */
  readonly patienceMs?: number;
}

/** People are told, and the run ends, whatever the other process does. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 100;

/** A config, as far as it has to do with signals. */
export interface Signalled extends Pick<Config, "alerts" | "metrics"> {
  readonly services: readonly { readonly name: string }[];
}

/** What these configs ask for, each for its own services; those that name the same file of metrics share it. */
export function signals(configs: readonly Signalled[], options: SignalOptions): Signals {
  const { dir, host, version, warn, torn, patienceMs = PATIENCE_MS } = options;
  const locked = (name: string, work: () => Promise<void>) => underLock(dir, name, patienceMs, work);
  const accounts = new Map<string, Account>();
  const unwritten = (what: string, error: unknown): void =>
    warn(`${what} could not be written: ${error instanceof Error ? error.message : error}`);
  return {
    onEvent: (event) => void accounts.set(event.service, add(accounts.get(event.service), event)),
    async ended(service) {
      const account = accounts.get(service);
      const alerts = configs.find((c) => c.services.some((s) => s.name === service))?.alerts;
      if (alerts === undefined || account?.end === undefined) return;
      const path = join(dir, "alerts", `${fileNameOf(service)}.json`);
      await locked(`.alerts-${fileNameOf(service)}`, async () => {
        const channels = CHANNELS.filter((channel) => alerts[channel] !== undefined);
        const before = await incidentAt(path);
        const { owed, incident } = judge(before, account, { channels, on: alerts.on, host });
        const said = await Promise.all(owed.map(async (one) => {
          const trouble = await deliver(one.channel, alerts, one.message);
          if (trouble !== undefined) warn(`the ${one.message.kind} of ${service} was not told: ${trouble}`);
          return { one, arrived: trouble === undefined };
        }));
        const done = said.flatMap(({ one, arrived }) => arrived ? [one] : []);
        try {
          await remember(path, before, after(incident, owed, done));
        } catch (error) {
          unwritten(`who was told of ${service}, so it is told again,`, error);
        }
      });
    },
    async close() {
      const textfiles = new Set(configs.flatMap(({ metrics }) => metrics?.textfile ?? []));
      for (const textfile of textfiles) {
        const names = configs.filter((c) => c.metrics?.textfile === textfile).flatMap((c) =>
          c.services.map((one) => one.name)
        );
        await locked(".metrics", async () => {
          try {
            const text = await Deno.readTextFile(textfile).catch((error) => {
              if (error instanceof Deno.errors.NotFound) return "";
              throw error;
            });
            const mine = [...accounts.values()].filter((account) => names.includes(account.service));
            // Read by another user.
            const before = samplesIn(text);
            const samples = updated(before, mine, torn ? undefined : names);
            await writeAside(textfile, metricsText(samples, version), 0o644);
          } catch (error) {
            unwritten(`the metrics ${textfile}`, error);
          }
        });
      }
    },
  };
}

/** One process at a time. Where there can be no lock, or not in time, a message twice is better than none. */
async function underLock(
  dir: string,
  name: string,
  patienceMs: number,
  work: () => Promise<void>,
): Promise<void> {
  let file: Deno.FsFile | undefined;
  try {
    const locks = join(dir, "locks");
    await Deno.mkdir(locks, { recursive: true, mode: 0o700 });
    file = await Deno.open(join(locks, name), { write: true, create: true, mode: 0o600 });
    const began = performance.now();
    while (!await file.tryLock(true) && performance.now() - began < patienceMs) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } catch { /* the state directory cannot be written: who needs it says so */ }
  try {
    await work();
  } finally {
    file?.close();
  }
}

/** What is remembered; what cannot be read is none, which costs a message at most. */
async function incidentAt(path: string): Promise<Incident | undefined> {
  try {
    const value = JSON.parse(await Deno.readTextFile(path));
    const whole = typeof value?.since === "string" && typeof value.told === "object" && value.told !== null &&
      Object.values(value.told).every(Array.isArray) &&
      (value.ended === undefined || Array.isArray(value.ended));
    return whole ? value : undefined;
  } catch {
    return undefined;
  }
}

async function remember(
  path: string,
  before: Incident | undefined,
  now: Incident | undefined,
): Promise<void> {
  if (JSON.stringify(before) === JSON.stringify(now)) return;
  if (now === undefined) return await Deno.remove(path);
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeAside(path, JSON.stringify(now) + "\n");
}
