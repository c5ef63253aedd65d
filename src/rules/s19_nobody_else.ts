/**
 * S19, the half that keeps two clusters from serving at once: before a new one is forced nobody serves, every host that
 * holds something of the old one is fenced, and of all others a person has said that they are gone for good. Members that
 * are out of sight may still serve with each other, so who is said to be gone and yet answers somebody is not.
 *
 * @module
 */
import type { HostNode, NodeFacts } from "../model/node.ts";
import { formerClusters, type Observation, type Target } from "../model/observation.ts";
import type { Refusal, RuleName } from "../model/refusal.ts";
import type { Surveyed } from "../playbook/plugin.ts";
import { serves } from "./s02_truth.ts";

export const s19 = (evidence: string, unblock: string, rule: RuleName = "S19"): Refusal => ({
  rule,
  evidence,
  unblock,
});

/** The host may hold something of the service, or run it. */
export const holdsSomething = (f: NodeFacts): boolean =>
  (f.data.state !== "empty" && f.data.state !== "pristine") || f.process !== "no" || f.view !== undefined;

/** Right before a new cluster is decided on: nobody serves, and whoever could is fenced. */
export function nobodyElse(seen: Observation, node: string): Refusal | undefined {
  const serving = servesNow(seen);
  if (serving !== undefined) return serving;
  const free = Object.values(seen.nodes).find((f) =>
    f.node !== node && (f.heard || (f.reached && holdsSomething(f) && f.fenced !== "yes"))
  );
  return free === undefined ? undefined : s19(
    `${free.node} is not fenced, and could serve beside ${node}`,
    "run it again: it looks anew, and judges by who is there then",
  );
}

/** Somebody serves, be it what was given up before. */
export function servesNow(seen: Observation): Refusal | undefined {
  const serving = Object.values(seen.nodes).filter((f) => serves(f.view));
  const [first] = serving;
  if (seen.state !== "held" && first === undefined) return undefined;
  const on = serving.map((f) => f.node).join(", ");
  const id = first?.view?.identity?.clusterId ?? seen.clusterId;
  const given = id !== undefined && formerClusters(seen.nodes).has(id);
  return s19(
    `the quorum is held: cluster ${id} serves${on === "" ? "" : ` on ${on}`}`,
    given
      ? `it was to be given up, and nothing of the new one has served yet: stop it on ${on} and run this again, which ` +
        "loses what was written to it since; or take the latch of the new one away and let apply bring all back"
      : "nothing is lost, so there is nothing to recover; to go back to a snapshot all the same, stop the service on all " +
        "hosts first",
  );
}

/**
 * Hosts that keep anybody from saying what they hold, and were not said to be gone; and those wrongly said to be. `logs`:
 * whether it matters how far their data goes.
 */
export function unaccounted(
  target: Target,
  seen: Observation,
  surveyed: Readonly<Record<string, Surveyed>>,
  gone: readonly string[],
  logs = true,
): readonly Refusal[] {
  const known = new Set(target.nodes.map((n) => n.name));
  const voters = votersOf(seen);
  const wrong = gone.filter((name) => !known.has(name) && !voters.includes(name)).map((name) =>
    s19(`${name} is neither under nodes: nor a voter of the lost cluster`, "name hosts as the config does")
  );
  const strangers = voters.filter((name) => !known.has(name) && !gone.includes(name)).map((name) =>
    s19(
      `${name} was a voter and is not under nodes:, so nobody can fence it`,
      `put ${name} under nodes: again; or, if it never comes back with its data, say --gone ${name}`,
    )
  );
  return [...wrong, ...strangers, ...target.nodes.flatMap((n) => accounted(n, seen, surveyed, gone, logs))];
}

function accounted(
  n: HostNode,
  seen: Observation,
  surveyed: Readonly<Record<string, Surveyed>>,
  gone: readonly string[],
  logs: boolean,
): readonly Refusal[] {
  const f = seen.nodes[n.name];
  const isGone = gone.includes(n.name);
  if (f === undefined || !f.reached) {
    const heard = Object.entries(surveyed).filter(([, s]) => s.answering.includes(n.name)).map(([name]) =>
      name
    );
    if (heard.length > 0) {
      return [s19(
        `${n.name} cannot be reached from here, and answers ${heard.join(", ")}: it may serve with others`,
        `make ${n.name} reachable over SSH, so that it can be fenced`,
      )];
    }
    if (isGone && f?.heard) {
      return [s19(`${n.name} is not gone: it lets us in, and ${f.trouble?.detail}`, `run it again`)];
    }
    return isGone ? [] : [s19(
      `${n.name} cannot be asked: ${f?.trouble?.detail ?? "it was not looked at"}`,
      `${
        f?.trouble?.unblock ?? `make ${n.name} reachable`
      }; or, if it never comes back with what it holds, say ` +
        `--gone ${n.name}`,
    )];
  }
  const log = surveyed[n.name]?.log ?? "unknown";
  const readable = f.data.state === "present" && typeof f.data.identity !== "string" &&
    typeof log === "object";
  if (isGone) {
    return readable || f.process !== "no"
      ? [
        s19(
          `${n.name} is not gone: it can be reached, and ${readable ? "holds its data" : "runs"}`,
          `leave --gone ${n.name} out`,
        ),
      ]
      : [];
  }
  if (f.latch === "unknown") {
    return [s19(`the latch on ${n.name} cannot be read`, `look at /var/lib/quorate on ${n.name}`, "S24")];
  }
  const nothing = f.data.state !== "present" && f.data.state !== "unknown";
  if (readable || !logs || nothing) return [];
  const why = f.data.why ?? surveyed[n.name]?.why ?? "whose it is cannot be told";
  return [s19(
    `what ${n.name} holds cannot be read, and it may be more than any other has: ${why}`,
    `mend it; or, if its data is lost for good, say --gone ${n.name}`,
    "S24",
  )];
}

/** Who the voters of the lost cluster were: a member's own list, else all that latches name. */
export function votersOf(seen: Observation): readonly string[] {
  const listed = seen.members.filter((m) => m.role === "voter").map((m) => m.node ?? m.name);
  return listed.length > 0 ? listed : [...new Set(voterLists(seen).flat())];
}

/** What each latch says of the lost cluster's voters. */
export function voterLists(seen: Observation): readonly (readonly string[])[] {
  const former = formerClusters(seen.nodes);
  return Object.values(seen.nodes).flatMap((f) =>
    typeof f.latch === "string" || former.has(f.latch.clusterId) ? [] : [f.latch.voters]
  );
}
