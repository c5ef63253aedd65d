/**
 * Where the demo is played: real hosts, or simulated ones. Both show the same story.
 *
 * @module
 */
import type { Judged } from "../../lab/mod.ts";
import type { PlanDocument } from "../../src/report/plan_json.ts";

/** What the config names. */
export interface Wish {
  readonly nodes: readonly string[];
  readonly members: readonly string[];
}

export interface Stage extends AsyncDisposable {
  /** All hosts: n1 to n6. */
  readonly hosts: readonly string[];
  /** How a new member begins, what has to happen to one that lost its disk, and what became of writes that failed. */
  readonly words: { readonly join: string; readonly wiped: string; readonly failed: string };
  /** Writes the config. */
  desire(wish: Wish): void;
  /** `quorate plan -o json`. */
  plan(): Promise<PlanDocument>;
  /** `quorate apply`, which tells its steps itself; throws unless it ends with 0. */
  apply(): Promise<void>;
  /** `quorate apply` as a timer runs it; throws unless it does nothing and says nothing. */
  rest(): Promise<void>;
  /** `quorate status`, which prints its tables itself. */
  status(): Promise<void>;
  /** From now on a client writes to one of these hosts, to the next one when a write fails; says what it does. */
  write(hosts: readonly string[]): Promise<string>;
  /** Waits until the client's writes are acknowledged, if there is one. */
  goesOn(): Promise<void>;
  /** Kills the member's process until it stays down; says how that went. */
  kill(host: string): Promise<string>;
  /** The member's process ends, and its data is gone. */
  wipe(host: string): Promise<void>;
  /** The host loses its power and its network, for good. */
  powerOff(host: string): Promise<void>;
  /** A witness of the members that is not Quorate. */
  witness(host: string): Promise<string>;
  /** Ends the client, reads on this host what it was told to be safe, and judges it. */
  judge(host: string): Promise<Judged>;
}

export const etcdWords: Stage["words"] = {
  join: "a learner",
  wiped: "its member has to leave, and to join again under a new id",
  failed: "and were tried again at the next host",
};
export const zookeeperWords: Stage["words"] = {
  join: "an observer",
  wiped: "its server gets its id back, and all of its data from the others",
  failed: "their answers were lost, and nothing was said of them",
};
