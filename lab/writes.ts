/**
 * A client that writes to etcd all the while, and what became of its writes.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Lab } from "./mod.ts";
import { type Running, until } from "./process.ts";

const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));
/** Writes have to go on within this where a quorum is held: an election and a machine that is busy are in it. */
const GOES_ON_MS = 20_000;

export interface Judged {
  readonly acknowledged: number;
  /** Tries that were not acknowledged; each was made again at the next endpoint. */
  readonly failed: number;
  /** Keys of writes that were acknowledged and are not there. */
  readonly lost: readonly string[];
  /** The longest time from one acknowledged write to the next, in milliseconds. */
  readonly stallMs: number;
}

/** Puts to these endpoints from the management side, to the next one when one fails, until it is stopped. */
export class Writes implements AsyncDisposable {
  readonly #running: Running;

  constructor(lab: Lab, urls: readonly string[], pauseMs = 40) {
    this.#running = lab.spawn([Deno.execPath(), "run", "-A", "--no-check", WRITER, `${pauseMs}`, ...urls]);
  }

  #lines(): readonly { readonly key: string; readonly at: number }[] {
    return this.#running.stdout().split("\n").slice(0, -1).map((line) => {
      const [key = "", at] = line.split(" ");
      return { key, at: Number(at) };
    });
  }
  #acknowledged() {
    return this.#lines().filter(({ key }) => key !== "-");
  }

  /** How many writes were acknowledged: the keys are numbered in their order. */
  get count(): number {
    return this.#acknowledged().length;
  }

  /**
   * Some more writes are acknowledged: the quorum is held. By the time of each, for what was acknowledged before may not
   * have been read yet; the first may have been on its way.
   */
  async goesOn(when: string): Promise<void> {
    const since = Date.now();
    const more = () => this.#acknowledged().filter(({ at }) => at > since).length;
    await until(`writes go on ${when}`, () => more() >= 3, GOES_ON_MS);
  }

  /** `kept`: what `etcdctl get --prefix writer/` printed after the writes were stopped. */
  judge(kept: string): Judged {
    const lines = kept.split("\n");
    const values = new Map(lines.flatMap((key, i) => i % 2 === 0 ? [[key, lines[i + 1]]] : []));
    const acknowledged = this.#acknowledged();
    const lost = acknowledged.filter(({ key }) => `writer/${values.get(key)}` !== key).map(({ key }) => key);
    return {
      acknowledged: acknowledged.length,
      failed: this.#lines().length - acknowledged.length,
      lost,
      stallMs: Math.max(0, ...acknowledged.map(({ at }, i) => at - (acknowledged[i - 1]?.at ?? at))),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}
