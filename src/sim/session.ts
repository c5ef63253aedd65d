/**
 * A session on a simulated host: the lock that it holds, and the scripts that run under it.
 *
 * @module
 */
import type { About, Reply, Session } from "../model/fleet.ts";
import type { Effect } from "../playbook/effect.ts";
import { programs } from "./commands.ts";
import type { Host } from "./host.ts";
import { acts, type Deeds } from "./judge.ts";
import type { Run } from "./manager.ts";
import { runShell } from "./shell.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const exited = (code: number, out = "", err = ""): Reply => ({
  kind: "exited",
  code,
  stdout: bytes(out),
  stderr: bytes(err),
});
export const unreachable = (node: string, detail: string): Extract<Reply, { kind: "unreachable" }> => ({
  kind: "unreachable",
  trouble: { code: "unreachable", detail, unblock: `make ${node} reachable over SSH` },
});
const GONE_MS = 20_000;
/** An agent on a node lets its lock go when nothing is heard of its manager for so long. */
const PATIENCE_MS = 45_000;

export class SimSession implements Session {
  readonly node: string;
  #alive = true;
  #running = 0;

  constructor(readonly run_: Run, readonly host: Host, readonly found: string) {
    this.node = host.name;
  }
  get holder(): string {
    return `${this.run_.manager.name}:${this.run_.id}`;
  }
  get by(): Deeds {
    return this.run_.deeds;
  }
  get held(): boolean {
    return this.#alive;
  }

  /** The manager knows nothing more of it; the agent on the node lets go once its script has ended and it has noticed. */
  abandon(): void {
    if (!this.#alive) return;
    this.#alive = false;
    const { world, manager } = this.run_;
    const noticed = world.linked(manager.name, this.node) && this.run_.dead ? 50 : PATIENCE_MS;
    world.time.after(noticed, () => this.#release());
  }
  #release(): void {
    if (this.#running > 0) this.run_.world.time.after(500, () => this.#release());
    else if (this.host.lock === this) {
      this.host.lock = undefined;
      this.host.lockLine = `free ${this.run_.world.time.now} ${this.holder}`;
    }
  }
  close(): Promise<void> {
    this.#alive = false;
    const { world, manager } = this.run_;
    world.time.after(world.linked(manager.name, this.node) ? 5 : PATIENCE_MS, () => this.#release());
    return this.run_.move(Promise.resolve());
  }

  async alive(): Promise<boolean> {
    const reply = await this.run("true", { timeoutMs: 5_000 });
    return reply.kind === "exited";
  }
  run(
    script: string,
    options: { readonly timeoutMs: number; readonly notAfterMs?: number; readonly about?: About },
  ): Promise<Reply> {
    return this.run_.move(this.#run(script, options));
  }

  async #run(
    script: string,
    { timeoutMs, notAfterMs = 10_000, about }: {
      readonly timeoutMs: number;
      readonly notAfterMs?: number;
      readonly about?: About;
    },
  ): Promise<Reply> {
    const { world, manager } = this.run_;
    const { time } = world;
    if (!this.#alive) return unreachable(this.node, "the session that held the lock is over");
    const lost = (): Reply => {
      this.abandon();
      return { kind: "lost", detail: "the connection went away" };
    };
    const luck = this.run_.bad();
    const notAfter = time.now + notAfterMs;
    if (luck === "before" || !await this.run_.way(manager.name, this.node, GONE_MS)) return lost();
    // A host that was powered off meanwhile has lost the agent with the lock.
    if (this.host.lock !== this) return lost();
    const late = time.now > notAfter;
    let end = late ? undefined : await this.#execute(script, time.now + timeoutMs, about, luck === "during");
    // Told twice what was asked once: each step has to bear that.
    if (luck === "twice" && !late) {
      end = await this.#execute(script, time.now + timeoutMs, about, false, true);
    } else if (luck !== undefined) return lost();
    if (!await this.run_.way(this.node, manager.name, GONE_MS)) return lost();
    if (late || end === undefined) return { kind: "timedOut", stdout: bytes(""), stderr: bytes("") };
    return end;
  }

  /** It goes on when its manager is gone: the agent waits for it, holding the lock. */
  async #execute(
    script: string,
    deadline: number,
    about: About | undefined,
    broken: boolean,
    again = false,
  ): Promise<Reply | undefined> {
    const { world } = this.run_;
    const { host } = this;
    const turn = host.boots;
    if (about !== undefined) {
      world.tell(this.node, `${about.step} (${about.effect.does})`);
      if (!this.run_.mayTouch(host)) {
        world.violate("only nodes that have to do with it are touched", `${about.step} on ${host.name}`);
      }
    }
    // The effect of a step is one of those that a playbook can declare.
    const effect = about?.effect as Effect | undefined;
    // What its first turn has changed was not there when it was begun.
    if (about !== undefined && effect !== undefined && !again) {
      acts(world, this.run_.deeds, about.step, effect);
    }
    let steps = broken ? this.run_.random.int(0, 3) : Infinity;
    const stop = () => !host.up || host.boots !== turn || world.time.now > deadline || steps-- <= 0;
    this.#running++;
    const said = await runShell(script, programs(world, host, this.run_.deeds, effect), stop);
    this.#running--;
    if (host.boots !== turn || !host.up) return { kind: "lost", detail: "the host went away" };
    if (world.time.now > deadline) return undefined;
    if (said.code !== 0) world.tell(this.node, `exit code ${said.code} ${said.err ?? ""}`);
    return exited(said.code, said.out, said.err);
  }
}
