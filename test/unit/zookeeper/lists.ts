/** Static ensembles for tests: who is recorded, which lists are worked with, and what may be done. */
import assert from "node:assert/strict";
import { zookeeperForbids } from "../../../plugins/zookeeper/forbids.ts";
import { zookeeper } from "../../../plugins/zookeeper/mod.ts";
import { HIGHEST, VERSION } from "../../../plugins/zookeeper/read.ts";
import { RUNNING, SERVERS, WRITTEN } from "../../../plugins/zookeeper/servers.ts";
import type { Change } from "../../../src/model/change.ts";
import type { NodeFacts } from "../../../src/model/node.ts";
import type { Member, Observation, Target } from "../../../src/model/observation.ts";
import { sampleCluster } from "../../../src/plan/sample.ts";
import { recount } from "../../../src/rules/project.ts";
import { target as targetOf } from "../core_samples.ts";
import { nodes, options as dynamic } from "./options.ts";

export const options = { ...dynamic, membership: "static" } as const;
export const target: Target = { ...targetOf("n1 n2 n3"), service: "kv", nodes, desired: nodes };
export const at = (id: number): string => `${id}=10.90.132.1${id}:2888:3888`;
export const list = (...ids: readonly number[]): string => ids.map(at).join(" ");

/** Servers of these ids on the nodes of the same numbers, all of whom work with this list. */
export function seenOf(ids: readonly number[], running = list(...ids)): Observation {
  const seen = sampleCluster(target, nodes.slice(0, ids.length));
  const members = ids.map((id, i): Member => {
    const like = seen.members[i];
    assert.ok(like);
    const address = `10.90.132.1${id}`;
    return {
      ...like,
      id: `${id}`,
      node: `n${id}`,
      leader: i === 0,
      peerUrls: [`${address}:2888:3888`],
      clientUrls: [`${address}:2181`],
    };
  });
  const settings = {
    [HIGHEST]: "4",
    [VERSION]: "7",
    [RUNNING]: running,
    [WRITTEN]: running,
    [SERVERS]: list(...ids),
  };
  const facts = Object.entries(seen.nodes).map(([name, f]): [string, NodeFacts] => {
    const id = name.slice(1);
    return [
      name,
      members.some((m) => m.node === name)
        ? {
          ...f,
          settings,
          view: undefined,
          process: "yes",
          latch: typeof f.latch === "object" ? { ...f.latch, memberId: id } : f.latch,
          data: { ...f.data, state: "present", identity: { clusterId: seen.clusterId ?? "", memberId: id } },
        }
        : {
          ...f,
          view: undefined,
          process: "no",
          latch: "none",
          data: { state: "empty", identity: "none", place: undefined },
        },
    ];
  });
  return recount({ ...seen, members, nodes: Object.fromEntries(facts) });
}
export const withNode = (seen: Observation, name: string, more: Partial<NodeFacts>): Observation => {
  const f = seen.nodes[name];
  assert.ok(f);
  return { ...seen, nodes: { ...seen.nodes, [name]: { ...f, ...more } } };
};
export const setting = (
  seen: Observation,
  name: string,
  more: Readonly<Record<string, string>>,
): Observation => withNode(seen, name, { settings: { ...seen.nodes[name]?.settings, ...more } });
export const unwell = (seen: Observation, id: string): Observation =>
  recount({ ...seen, members: seen.members.map((m) => m.id === id ? { ...m, health: "unhealthy" } : m) });

export const node = (name: string) => nodes.find((n) => n.name === name) ?? assert.fail(name);
export const memberOf = (seen: Observation, id: number) =>
  seen.members.find((m) => m.id === `${id}`) ?? assert.fail();
export const add = (name: string): Change => ({ case: "add", node: node(name) });
export const remove = (seen: Observation, id: number): Change => ({
  case: "remove",
  member: memberOf(seen, id),
  node: node(`n${id}`),
});
export const replace = (seen: Observation, id: number, by: string, dead: boolean): Change => ({
  case: "replace",
  member: memberOf(seen, id),
  oldNode: node(`n${id}`),
  node: node(by),
  dead,
});
export const why = (change: Change, seen: Observation) => {
  const stop = zookeeperForbids(options, nodes, change, seen);
  return stop && `${stop.rule}: ${stop.evidence}`;
};
export const stepsOf = (change: Change, seen: Observation) =>
  zookeeper.bind({ name: "kv", options, nodes }).steps(change, {
    seen,
    desired: nodes.slice(0, 3),
    backup: true,
    joinTimeoutMs: 1,
  });
