import { applyService } from "../engine/mod.ts";
import { fileJournal, recorder } from "../engine/journal.ts";
import { shuffled, sideBySide } from "../engine/side_by_side.ts";
import { StateError } from "../engine/store.ts";
import { type Event, exitCodeOf, type Happening, worstExit } from "../model/event.ts";
import { duration } from "../report/words.ts";
import type { ApplyFlags } from "./commands/keep.ts";
import { type Cli, EXIT, isVerbose, stateDir } from "./cli.ts";
import { clock, compose, type Composition } from "./compose.ts";
import { chosen, readConfigs, withBroken } from "./config.ts";
import { reporter } from "./reporter.ts";
import { whyStopped } from "../engine/scene.ts";
import { stopSignals } from "./signals.ts";
import { VERSION } from "./version.ts";

/** `quorate apply`: brings all services, side by side, to what the config says. */
export default async function apply(cli: Cli, flags: ApplyFlags, ...names: string[]): Promise<number> {
  const report = reporter(cli, flags);
  const stop = stopSignals((text) => report.say([[["yellow", `quorate: ${text}`]]]));
  const leave = (code: number): number => {
    report.close();
    stop.close();
    return code;
  };
  if (flags.jitter !== undefined) {
    const waitMs = Math.random() * flags.jitter;
    if (isVerbose(flags)) report.say([[`quorate: waiting ${duration(waitMs)}, as --jitter asks`]]);
    await clock.sleep(waitMs, stop.signal);
  }
  // Nothing was begun, and the next run is as good.
  if (stop.signal.aborted) return leave(EXIT.ok);
  if (flags.deadline !== undefined) stop.deadline(flags.deadline);
  const read = await readConfigs(cli, flags, false);
  if (read === undefined) return leave(EXIT.config);
  const services = chosen(cli, flags, read, names);
  if (typeof services === "number") return leave(services);

  const dir = stateDir(cli, flags);
  const composed = compose(services, dir);
  const run = crypto.randomUUID();
  const journal = fileJournal(dir);
  const told = read.configs.every((one) => one.alerts === undefined && one.metrics === undefined)
    ? undefined
    : (await import("../signals/signals.ts")).signals(read.configs, {
      dir,
      host: Deno.hostname(),
      version: VERSION,
      warn: report.warn,
      torn: read.broken > 0,
    });

  const applyOne = async (one: Composition): Promise<number> => {
    const record = recorder(journal);
    const tell = (happening: Happening): Event => {
      const event: Event = { time: new Date().toISOString(), run, service: one.service.name, ...happening };
      report.onEvent(event);
      told?.onEvent(event);
      return event;
    };
    const emit = (happening: Happening): void => {
      const event = tell(happening);
      try {
        record(event);
      } catch (error) {
        // Neither a full disk nor a missing right may end a change halfway.
        report.warn(
          `the journal in ${dir} could not be written: ${error instanceof Error ? error.message : error}`,
        );
      }
    };
    emit({ event: "runStarted", config: one.configPath, version: VERSION });
    // A deadline that has passed while others were at work is heard before this one begins.
    await clock.sleep(0);
    if (stop.signal.aborted) {
      // Nothing that the journal should keep: with a deadline that is too short it would hold nothing else.
      tell({
        event: "runEnded",
        outcome: "unfinished",
        changed: 0,
        ms: 0,
        why: `not begun: ${whyStopped(stop.signal)}`,
      });
      return exitCodeOf.unfinished;
    }
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
    const atATime = flags.parallel ?? composed.runs.length;
    const ends = await sideBySide(shuffled(composed.runs), atATime, clock, applyOne);
    const broken = ends.find((end) => end.status === "rejected");
    if (broken !== undefined) throw broken.reason;
    const worst = worstExit(ends.flatMap((end) => end.status === "fulfilled" ? [end.value] : []));
    return withBroken(read, worst);
  } finally {
    await told?.close();
    report.close();
    stop.close();
    await composed.close();
  }
}
