/**
 * S1 absent means proven absent. A service that does not answer is not a service that does not exist: bootstrapping
 * beside a living cluster, or over the disks of a stopped one, loses every key. So a bootstrap needs proof from each
 * host of the config, and one host that cannot be asked stops it. The manager's own memory may forbid, never permit.
 *
 * Source: etcd-druid#361, cozystack#355 (a bootstrap over existing members).
 *
 * @module
 */
import type { HostNode, Intent, NodeFacts } from "../model/node.ts";
import type { Memory, Observation, Target } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Refusal } from "../model/refusal.ts";

const s1 = (evidence: string, unblock: string): Refusal => ({ rule: "S1", evidence, unblock });

/** Every reason why this service must not be bootstrapped now; none means that it was proven never to have existed. */
export function absentMeansProvenAbsent(
  target: Target,
  seen: Observation,
  memory: Memory,
): readonly Refusal[] {
  const wanted = new Set(target.desired.map((n) => n.name));
  // Our own bootstrap, seen with a quorum once and then stopped before it was latched: its data is there.
  const ours = target.nodes.some((n) => {
    const f = seen.nodes[n.name];
    return isStarted(f) && typeof f?.data.identity === "object" &&
      f.data.identity.clusterId === memory.clusterId;
  });
  const traces = target.nodes.flatMap((n) => trace(n, seen.nodes[n.name], wanted.has(n.name)));
  // What a host says, or that it cannot be asked, comes first: only then is "no trace" true.
  if (traces.length > 0 || memory.clusterId === undefined || ours) return traces;
  return [s1(
    `this manager has seen ${target.service} formed (cluster ${memory.clusterId}), and now no host shows a trace of it`,
    "find out where the data went; if the cluster was destroyed on purpose, remove this service's memory from the " +
      "state directory",
  )];
}

/** What one host says against a bootstrap. */
function trace(n: HostNode, f: NodeFacts | undefined, desired: boolean): readonly Refusal[] {
  if (f === undefined || !f.reached) {
    return [s1(
      `${n.name} cannot be asked: ${f?.trouble?.detail ?? "it was not looked at"}`,
      f?.trouble?.unblock ??
        (desired ? `make ${n.name} reachable` : `make ${n.name} reachable or take it out of nodes:`),
    )];
  }
  if (typeof f.latch !== "string") {
    return [s1(
      `${n.name} was member ${f.latch.memberId} of cluster ${f.latch.clusterId} (its latch says so)`,
      "start the old members again, or take the latch away if that cluster was destroyed on purpose",
    )];
  }
  if (f.latch === "unknown" || f.intent === "unknown" || f.started === "unknown") {
    return [s1(`what Quorate left on ${n.name} cannot be read`, `look at /var/lib/quorate on ${n.name}`)];
  }
  if (f.view !== undefined && f.view.pristine !== "yes" && f.intent === "none") {
    return [
      s1(
        f.process === "no"
          ? `something answers on ${n.name}: ${f.view.trouble}`
          : `the service already answers on ${n.name}${
            f.view.trouble === undefined ? "" : `, though ${f.view.trouble}`
          }`,
        "see what it is; stop it and move its data away, if it is not needed",
      ),
    ];
  }
  if (f.data.state === "unknown") {
    return [s1(
      `what lies in the data directory of ${n.name} is not known: ${f.data.why ?? "it could not be read"}`,
      `make it readable, mount it, or correct the options`,
    )];
  }
  // Data under an intent is that of our own unfinished bootstrap, if that node was marked before its start.
  if (
    (f.data.state === "present" || f.data.state === "blank") &&
    (f.intent === "none" || typeof f.started === "string")
  ) {
    const whose = typeof f.data.identity === "string"
      ? ""
      : ` (member ${f.data.identity.memberId} of cluster ${f.data.identity.clusterId})`;
    return [
      s1(
        `${n.name} holds data${whose}`,
        "start it with the other members, or move it away, if it is not needed",
      ),
    ];
  }
  return [];
}

/**
 * A service that answers where none was ever latched may be anybody's. Its members are taken for this service's if
 * they are a majority of the desired ones; fewer prove no more than a stray disk does, and making them a quorum of the
 * desired nodes would hand those to a service that a person never meant.
 */
export function serviceOfAnother(target: Target, seen: Observation): readonly Refusal[] {
  if (seen.state !== "held" || Object.values(seen.nodes).some((f) => typeof f.latch !== "string")) return [];
  const found = target.nodes.filter((n) => seen.members.some((m) => m.node === n.name));
  const desired = found.filter((n) => target.desired.some((d) => d.name === n.name));
  if (desired.length >= quorumOf(target.desired.length, 0).needed) return [];
  const names = found.map((n) => n.name).join(", ");
  return [s1(
    `the service already answers on ${names || "a host"} (cluster ${seen.clusterId}), was never seen as ` +
      `${target.service}, and its members are no majority of the desired ones`,
    `if it is ${target.service}, name just its members under members: (${names}) and apply, then change them; else ` +
      "stop it and move its data away",
  )];
}

export interface Resumption {
  /** Nodes that may start: never started ones as `new`, started ones on their own data. */
  readonly startable: readonly HostNode[];
  readonly token: string | undefined;
  readonly refusals: readonly Refusal[];
}

/**
 * What an unfinished bootstrap of ours allows. `new` only where the intent is and `started` is not: a node that was
 * started and is empty has lost acknowledged data, and one without an intent beside a started one has lost its whole
 * disk. The rest may go on if it is a majority: nothing was ever acknowledged without one.
 */
export function resumeBootstrap(target: Target, seen: Observation): Resumption {
  const facts = target.desired.map((n) => ({ n, f: seen.nodes[n.name] }));
  // An intent on a node that is not desired and never started is of an attempt that came to nothing.
  const intents = target.nodes
    .filter((n) => target.desired.some((d) => d.name === n.name) || isStarted(seen.nodes[n.name]))
    .flatMap((n) => intentOf(seen.nodes[n.name]));
  const tokens = [...new Set(intents.map((i) => i.token))];
  const anyStarted = target.nodes.some((n) => isStarted(seen.nodes[n.name]));
  const refuse = (r: Refusal): Resumption => ({ startable: [], token: undefined, refusals: [r] });
  if (!anyStarted) return { startable: target.desired, token: tokens[0], refusals: [] };
  if (tokens.length > 1) {
    return refuse(s1(
      `two unfinished bootstraps lie on the nodes (tokens ${tokens.join(", ")})`,
      "two managers bootstrapped this service: decide for one, and remove /var/lib/quorate of it on the others",
    ));
  }
  // What those who started were told is what they run as; an earlier attempt that came to nothing may have lent its token.
  const begun = target.nodes.map((n) => seen.nodes[n.name]).filter(isStarted).flatMap(intentOf);
  const unlike = (begun.length > 0 ? begun : [intents[0]])
    .map((intent) => unlikeIntent(target, intent)).find((r) => r !== undefined);
  if (unlike !== undefined) return refuse(unlike);
  const startable = facts.filter(({ f }) =>
    f !== undefined && intentOf(f).length > 0 && (f.started === "none" || f.data.state === "present")
  ).map(({ n }) => n);
  const { needed } = quorumOf(facts.length, 0);
  if (startable.length >= needed) return { startable, token: tokens[0], refusals: [] };
  const wiped = target.desired.filter((n) => !startable.includes(n)).map((n) => n.name);
  return refuse(s1(
    `${
      wiped.join(", ")
    } had been started by the unfinished bootstrap and lost the disk since: starting it as new ` +
      "again could form a cluster without data that was acknowledged",
    `if nothing was written yet, stop the service, remove its data and /var/lib/quorate/${target.service} on all ` +
      "nodes, and run again",
  ));
}

/** A bootstrap that has begun ends with the members that it began with: another list makes another cluster id. */
export function unlikeIntent(target: Target, intent: Intent | undefined): Refusal | undefined {
  const wanted = [...target.desired.map((n) => n.name)].sort().join(",");
  const begun = [...(intent?.members ?? [])].sort().join(",");
  if (wanted === begun) return undefined;
  return s1(
    `a bootstrap of ${begun} has begun, and the config now names ${wanted}`,
    `set members back to [${begun}] until it is finished, then change them`,
  );
}

const intentOf = (f: NodeFacts | undefined): readonly Intent[] =>
  f === undefined || typeof f.intent === "string" ? [] : [f.intent];
const isStarted = (f: NodeFacts | undefined): boolean => f !== undefined && typeof f.started !== "string";
