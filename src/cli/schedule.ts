import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Config } from "../config/config.ts";
import { diffLines } from "../report/diff.ts";
import { hang, type Line } from "../report/lines.ts";
import { cronFile, lastRun } from "../schedule/cron.ts";
import { logrotate } from "../schedule/logrotate.ts";
import {
  differs,
  find,
  type Found,
  hasCron,
  hasLogrotate,
  kindOf,
  type Machine,
  put,
  runsSystemd,
} from "../schedule/machine.ts";
import { runsOf } from "../schedule/runs.ts";
import { type Asked, askedIn, flawOf, type Kind, type Schedule, type Wanted } from "../schedule/schedule.ts";
import { units } from "../schedule/systemd.ts";
import type { ScheduleAction, ScheduleFlags } from "./commands/config.ts";
import { type Cli, EXIT, misused, print, say, stateDir } from "./cli.ts";
import { readConfigs } from "./config.ts";
import { here } from "./here.ts";
import { KIND } from "./version.ts";

/** `quorate schedule install|show|remove`: the timer that runs `apply`. */
export default function schedule(cli: Cli, flags: ScheduleFlags, action: ScheduleAction): Promise<number> {
  const { install, show, remove } = actions;
  return { install, show, remove }[action](cli, flags, machine);
}

const EVERY_MS = 60_000;
/** What a run may take beyond the longest deadline of a service: its end, and signals to people. */
const BEYOND_MS = 5 * 60_000;
const SH_MS = 60_000;

const machine: Machine = {
  root: "",
  async sh(line) {
    const reply = await here(line, { timeoutMs: SH_MS });
    const said = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    if (reply.kind === "exited" && reply.code === 0) return said(reply.stdout);
    const why = reply.kind === "exited"
      ? said(reply.stderr).trim() || `exit code ${reply.code}`
      : reply.kind === "timedOut"
      ? `no end within ${SH_MS / 1000} s`
      : "it could not be started";
    throw new ScheduleError(`\`${line}\`: ${why}`);
  },
};

class ScheduleError extends Error {
  override readonly name = "ScheduleError";
}

const actions = {
  async install(cli: Cli, flags: ScheduleFlags, on: Machine): Promise<number> {
    const everyMs = flags.every === undefined ? EVERY_MS : spanOf(flags.every);
    if (everyMs === undefined) {
      return misused(cli, flags, `--every cannot be ${flags.every}; it is a duration such as 30s, 1m or 1h`);
    }
    const read = await readConfigs(cli, flags, false);
    if (read === undefined || read.broken > 0) return EXIT.config;
    const { configs } = read;
    const path = isAbsolute(read.path) ? read.path : join(cli.cwd, read.path);
    const cache = Deno.env.get("QUORATE_CACHE");
    const asked = { config: path, state: stateDir(cli, flags), everyMs, ...(cache ? { cache } : {}) };
    const kind = flags.with ?? (runsSystemd(on) ? "systemd" : "cron");
    const wanted = filesOf(scheduleOf(asked, configs), kind, on);
    if (typeof wanted === "string") return failed(cli, flags, wanted);
    const found = find(on, wanted);
    const foreign = found.find((one) => one.wanted !== undefined && one.text !== undefined && !one.ours);
    if (foreign !== undefined) {
      return failed(
        cli,
        flags,
        `${foreign.path} was not written by \`quorate schedule\` and is left alone: ` +
          "move it away, or keep to it and do without this command",
      );
    }
    return await carryOut(cli, flags, on, found, async () => {
      for (const folder of foldersOf(configs, asked.state)) {
        await Deno.mkdir(`${on.root}${folder}`, { recursive: true, mode: 0o700 });
      }
    }, () => {
      const tells = configs.every((one) => one.alerts === undefined && one.metrics === undefined)
        ? ["nobody is told of trouble but the log: see alerts and metrics in the config"]
        : [];
      return [`${kind} runs \`quorate apply\` every ${everyMs / 1000} s from now on`, ...tells];
    });
  },

  async remove(cli: Cli, flags: ScheduleFlags, on: Machine): Promise<number> {
    const found = find(on, []);
    const states = [...new Set(found.flatMap((one) => askedOf(one)?.state ?? []))];
    return await carryOut(cli, flags, on, found, () => Promise.resolve(), () => {
      for (const state of states) {
        // What a schedule alone has made there; where anything else lies, it stays.
        attempt(() => Deno.removeSync(`${on.root}${lastRun(state)}`));
        attempt(() => Deno.removeSync(`${on.root}${state}/locks`));
        attempt(() => Deno.removeSync(`${on.root}${state}`));
      }
      return ["nothing runs `quorate apply` any more; a run that is under way goes on to its end"];
    });
  },

  async show(cli: Cli, flags: ScheduleFlags, on: Machine): Promise<number> {
    const bare = find(on, []);
    const kind = kindOf(bare);
    const asked = bare.map(askedOf).find((one) => one !== undefined);
    if (kind === undefined || asked === undefined) {
      print(cli, flags, [["not installed: `quorate schedule install` does it"]]);
      return EXIT.failed;
    }
    const read = await readConfigs(cli, { ...flags, config: asked.config }, false);
    const wanted = read === undefined || read.broken > 0
      ? "its config has errors"
      : filesOf(scheduleOf(asked, read.configs), kind, on);
    const found = typeof wanted === "string" ? bare.filter((one) => one.ours) : find(on, wanted);
    const { next, last } = await runsOf(on, kind, asked, new Date());
    print(cli, flags, [
      [["bold", `${kind}, every ${asked.everyMs / 1000} s`]],
      ["  config  ", asked.config],
      ["  next    ", next],
      ["  last    ", last],
      ...found.filter((one) => one.ours || one.wanted !== undefined).map((
        one,
      ) => ["  file    ", one.path, ...stateOf(one, wanted)]),
    ]);
    return typeof wanted === "string" || found.some(differs) ? EXIT.failed : EXIT.ok;
  },
};

function stateOf(one: Found, wanted: readonly Wanted[] | string): Line {
  if (typeof wanted === "string") return [": not compared: ", ["yellow", wanted]];
  if (!differs(one)) return [": as `install` writes it"];
  return [": ", [
    "yellow",
    one.text === undefined ? "it is not there" : "not as `install` would write it now",
  ]];
}

/** Shows what is to be written and taken away, and does it unless it is only to be shown. */
async function carryOut(
  cli: Cli,
  flags: ScheduleFlags,
  on: Machine,
  found: readonly Found[],
  before: () => Promise<void>,
  after: () => readonly string[],
): Promise<number> {
  const changes = found.filter(differs);
  print(cli, flags, changes.flatMap((one) => diffLines(one.path, one.text, one.wanted?.text)));
  if (flags.dryRun) return EXIT.ok;
  if (Deno.uid() !== 0) return failed(cli, flags, "only root may do this: sudo quorate schedule …");
  try {
    await before();
    await put(on, found);
  } catch (error) {
    const known = error instanceof ScheduleError ||
      Object.values(Deno.errors).some((one) => error instanceof one);
    if (!known || !(error instanceof Error)) throw error;
    return failed(cli, flags, error.message);
  }
  const said = after();
  if (!flags.quiet && changes.length > 0) say(cli, flags, said.map((line) => [`quorate: ${line}`]));
  return EXIT.ok;
}

/** What a file of ours was asked to be; nothing of others. */
const askedOf = (one: Found): Asked | undefined =>
  one.ours && one.text !== undefined ? askedIn(one.text) : undefined;

/** The files of a schedule, or why there can be none. */
function filesOf(schedule: Schedule, kind: Kind, on: Machine): readonly Wanted[] | string {
  const flaw = flawOf(schedule, kind);
  if (flaw !== undefined) return flaw;
  const rotated = hasLogrotate(on) ? [logrotate(schedule)] : [];
  if (kind === "systemd") {
    return runsSystemd(on)
      ? [...units(schedule), ...rotated]
      : "systemd does not run here: --with cron, or leave --with out";
  }
  if (!hasCron(on)) return "there is no /etc/cron.d here: install cron first";
  const file = cronFile(schedule);
  return typeof file === "string" ? file : [file, ...rotated];
}

const scheduleOf = (asked: Asked, configs: readonly Config[]): Schedule => {
  const limitMs = Math.max(...servicesOf(configs).map((s) => s.policy.deadlineMs)) + BEYOND_MS;
  return {
    ...asked,
    program: program(),
    limitMs,
    unpacks: KIND === "self-extracting",
    writes: [
      ...backupsOf(configs),
      ...new Set(
        configs.flatMap(({ metrics }) => metrics === undefined ? [] : [join(metrics.textfile, "..")]),
      ),
    ],
  };
};

const servicesOf = (configs: readonly Config[]) => configs.flatMap((one) => one.services);
const backupsOf = (configs: readonly Config[]): readonly string[] => [
  ...new Set(
    servicesOf(configs).flatMap(({ policy: { backup } }) => backup === false ? [] : backup.dir ?? []),
  ),
];
/** Those that the hardened service cannot make by itself. */
const foldersOf = (
  configs: readonly Config[],
  state: string,
): readonly string[] => [state, ...backupsOf(configs)];

/** What started this process, to be started again. */
function program(): readonly string[] {
  if (KIND === "self-extracting") return [Deno.env.get("QUORATE_EXE") ?? Deno.execPath()];
  if (KIND === "deno compile") return [Deno.execPath()];
  return [Deno.execPath(), "run", "-q", "-A", fileURLToPath(Deno.mainModule)];
}

/** A whole number and a unit, from one second on. */
function spanOf(text: string): number | undefined {
  const [, n, unit] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? [];
  const ms = Number(n) * (unit === "s" ? 1000 : unit === "m" ? 60_000 : 3_600_000);
  return ms >= 1000 && ms <= 86_400_000 ? ms : undefined;
}

function failed(cli: Cli, flags: ScheduleFlags, why: string): number {
  say(cli, flags, hang("quorate: ", why));
  return EXIT.failed;
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // it is not there, or not empty
  }
}
