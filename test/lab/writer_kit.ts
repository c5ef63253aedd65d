/**
 * A writer at work through a test, and the judgement on it: no acknowledged write may be lost.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Writes } from "../../lab/mod.ts";
import type { Site } from "./kit.ts";

/** A writer that puts to every host of the lab in turn, in the management namespace, until it is judged. */
export class Writer extends Writes {
  readonly #site: Site;

  constructor(site: Site, pauseMs = 40) {
    super(site.lab, site.lab.hosts.map((h) => site.url(h.name)), pauseMs);
    this.#site = site;
  }

  /** Ends the writer; a linearizable read on this host must show each write that was acknowledged. */
  async judged(host: string): Promise<void> {
    await this[Symbol.asyncDispose]();
    const { code, out, err } = await this.#site.etcdctl(host, "get --prefix writer/");
    assert.equal(code, 0, `a linearizable read of all keys: ${err}`);
    const { acknowledged, failed, lost, stallMs } = this.judge(out);
    assert.deepEqual(lost, [], "acknowledged writes that were lost");
    console.log(
      `${acknowledged} writes acknowledged, ${failed} failed, none lost, longest stall ${stallMs} ms`,
    );
  }
}
