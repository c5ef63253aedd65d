/**
 * A writer at work through a test, and the judgement on it: no acknowledged write may be lost.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Running, until } from "../../lab/mod.ts";
import type { Site } from "./kit.ts";

const WRITER = fileURLToPath(new URL("./writer.ts", import.meta.url));
/** Writes have to go on within this where a quorum is held: an election and a machine that is busy are in it. */
const GOES_ON_MS = 20_000;

/** A writer that puts to every host of the lab in turn, in the management namespace, until it is judged. */
export class Writer implements AsyncDisposable {
  readonly #running: Running;

  constructor(readonly site: Site, pauseMs = 40) {
    const urls = site.lab.hosts.map((h) => site.url(h.name));
    this.#running = site.lab.spawn([
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      WRITER,
      `${pauseMs}`,
      ...urls,
    ]);
  }

  /** Every acknowledged write so far, and when it was, in milliseconds since the writer's start. */
  #acknowledged(): readonly { readonly key: string; readonly at: number }[] {
    return this.#running.stdout().split("\n").slice(0, -1).map((line) => {
      const [key = "", at] = line.split(" ");
      return { key, at: Number(at) };
    });
  }

  /** Some more writes are acknowledged: the quorum is held. */
  async goesOn(when: string): Promise<void> {
    const before = this.#acknowledged().length;
    await until(`writes go on ${when}`, () => this.#acknowledged().length >= before + 3, GOES_ON_MS);
  }

  /** Ends the writer; a linearizable read on this host must show each write that was acknowledged. */
  async judged(host: string): Promise<void> {
    await this[Symbol.asyncDispose]();
    const acknowledged = this.#acknowledged();
    const { code, out, err } = await this.site.etcdctl(host, "get --prefix writer/ --keys-only");
    assert.equal(code, 0, `a linearizable read of all keys: ${err}`);
    const kept = new Set(out.split("\n"));
    const lost = acknowledged.filter(({ key }) => !kept.has(key)).map(({ key }) => key);
    assert.deepEqual(lost, [], "acknowledged writes that were lost");
    const stall = Math.max(0, ...acknowledged.map(({ at }, i) => at - (acknowledged[i - 1]?.at ?? at)));
    console.log(`${acknowledged.length} writes acknowledged, none lost, longest stall ${stall} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}
