import { applyService, type ServiceRun } from "../engine/mod.ts";
import { fileJournal, recorder } from "../engine/journal.ts";
import { StateError } from "../engine/store.ts";
import { type Event, exitCodeOf, type Happening, worstExit } from "../model/event.ts";
import type { ApplyFlags } from "./app.ts";
import { type Cli, EXIT, stateDir } from "./cli.ts";
import { compose } from "./compose.ts";
import { chosen, readConfig } from "./config.ts";
import { reporter } from "./reporter.ts";
import { stopSignals } from "./signals.ts";
import { VERSION } from "./version.ts";

/** `quorate apply`: brings all services, side by side, to what the config says. */
export default async function apply(cli: Cli, flags: ApplyFlags, ...names: string[]): Promise<number> {
  const config = await readConfig(cli, flags, false);
  if (config === undefined) return EXIT.config;
  const services = chosen(cli, flags, config, names);
  if (typeof services === "number") return services;

  const dir = stateDir(cli, flags);
  const composed = compose(config, services, dir);
  const report = reporter(cli, flags);
  const stop = stopSignals((text) => report.say([[["yellow", `quorate: ${text}`]]]));
  const run = crypto.randomUUID();
  const journal = fileJournal(dir);
  const told = config.alerts === undefined && config.metrics === undefined
    ? undefined
    : (await import("../signals/signals.ts")).signals(config, {
      dir,
      host: Deno.hostname(),
      version: VERSION,
      warn: report.warn,
    });

  const applyOne = async (one: ServiceRun): Promise<number> => {
    const record = recorder(journal);
    const emit = (happening: Happening): void => {
      const event: Event = { time: new Date().toISOString(), run, service: one.service.name, ...happening };
      report.onEvent(event);
      told?.onEvent(event);
      try {
        record(event);
      } catch (error) {
        // Neither a full disk nor a missing right may end a change halfway.
        report.warn(
          `the journal in ${dir} could not be written: ${error instanceof Error ? error.message : error}`,
        );
      }
    };
    emit({ event: "runStarted", config: config.path, version: VERSION });
    try {
      const { outcome } = await applyService(one, emit, stop.signal);
      return exitCodeOf[outcome];
    } catch (error) {
      const known = error instanceof StateError;
      const why = error instanceof Error ? error.message : String(error);
      emit({
        event: "runEnded",
        outcome: "failed",
        changed: 0,
        ms: 0,
        why: known ? why : `a defect: ${why}`,
      });
      if (!known) throw error;
      return EXIT.failed;
    } finally {
      await told?.ended(one.service.name);
    }
  };
  try {
    // A defect in one service must not cut off another in the middle of a change.
    const ends = await Promise.allSettled(composed.runs.map(applyOne));
    const broken = ends.find((end) => end.status === "rejected");
    if (broken !== undefined) throw broken.reason;
    return worstExit(ends.flatMap((end) => end.status === "fulfilled" ? [end.value] : []));
  } finally {
    await told?.close();
    report.close();
    stop.close();
    await composed.close();
  }
}
