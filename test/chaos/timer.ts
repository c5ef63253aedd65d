/**
 * `quorate apply` on a short timer, each run a process of its own; now and then one is killed.
 *
 * @module
 */
import type { Running } from "../../lab/mod.ts";
import type { Event } from "../../src/model/event.ts";
import type { Random } from "../../src/sim/random.ts";
import { eventsOf } from "../lab/crash.ts";
import type { Site } from "../lab/kit.ts";

export class Timer {
  /** How each run ended. */
  readonly ends: string[] = [];
  readonly events: Event[] = [];
  #over = false;
  #running: Running | undefined;
  readonly #done: Promise<void>;

  constructor(
    readonly site: Site,
    readonly random: Random,
    readonly config: () => string,
    readonly say: (line: string) => void,
  ) {
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      const doomed = this.random.percent(30) ? this.random.int(300, 6_000) : undefined;
      await this.once(doomed);
      if (!this.#over) await new Promise((r) => setTimeout(r, this.random.int(500, 2_500)));
    }
  }

  /** One run, killed after so many milliseconds if it still runs then; how it ended. */
  async once(killAfterMs?: number): Promise<string> {
    const began = performance.now();
    const running = this.#running = this.site.start(this.config(), "apply", "-o", "json");
    const kill = killAfterMs === undefined
      ? undefined
      : setTimeout(() => running.kill("SIGKILL"), killAfterMs);
    const { signal, stdout, stderr, code } = await running.exited;
    clearTimeout(kill);
    const events = eventsOf(stdout);
    this.events.push(...events);
    const last = events.at(-1);
    const end = signal === "SIGKILL"
      ? "killed"
      : last?.event === "runEnded"
      ? last.outcome
      : `broken (exit ${code}: ${stderr.trim().split("\n").at(-1)})`;
    this.ends.push(end);
    const said = [...events.flatMap(inShort), end].join("; ");
    if (said !== "steady") this.say(`apply, ${((performance.now() - began) / 1000).toFixed(1)} s: ${said}`);
    return end;
  }

  /** Starts no more runs, and kills the one that is under way. */
  async stop(): Promise<void> {
    this.#over = true;
    this.#running?.kill("SIGKILL");
    await this.#done;
  }
}

/** What a run did, and why it did not do more. */
function inShort(e: Event): readonly string[] {
  switch (e.event) {
    case "changeStarted":
      return [`${e.case} ${e.subject}`];
    case "stepFailed":
      return [`${e.step.id} failed: ${e.failure.what}: ${e.failure.output?.split("\n").at(-1) ?? ""}`];
    case "refused":
      return e.refusals.map((r) => `${r.rule} ${r.evidence}`);
    case "quorumLost":
      return [e.refusal.evidence];
    case "yielded":
      return [`lock held by ${e.holder}`];
    default:
      return [];
  }
}
