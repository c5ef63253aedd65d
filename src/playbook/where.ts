/**
 * Where a step runs: resolved when it starts, because leaders move.
 *
 * @module
 */

export type Where =
  | { readonly on: "node"; readonly node: string }
  /** A healthy voter, whichever can be reached. */
  | { readonly on: "voter"; readonly not?: string }
  | { readonly on: "leader" }
  | { readonly on: "management" };

export const node = (n: { readonly name: string }): Where => ({ on: "node", node: n.name });
/** Any healthy voter; `not` leaves out the member (its id) that is about to go. */
export const anyVoter = (options: { readonly not?: string } = {}): Where => ({
  on: "voter",
  ...options,
});
export const onLeader: Where = { on: "leader" };
export const management: Where = { on: "management" };

/** "n1", "a voter", "the leader", "here". */
export const whereText = (where: Where): string => {
  switch (where.on) {
    case "node":
      return where.node;
    case "voter":
      return "a voter";
    case "leader":
      return "the leader";
    case "management":
      return "here";
  }
};
