/**
 * Values that follow from an observation of an etcd cluster, and how a runbook reads the same with etcdctl.
 *
 * @module
 */
import type { HostNode, Late, Member, Observation, Probe } from "quorate";
import { memberById, renderCommand } from "quorate";
import { endpoints, etcdctl } from "./ctl.ts";
import { clientUrl, type EtcdOptions, peerUrl } from "./options.ts";

/** A derived value, or undefined while it does not exist; only the linearizable record counts (S2). */
export function derive(key: string, seen: Observation, desired: readonly HostNode[]): string | undefined {
  if (seen.state !== "held") return undefined;
  switch (key) {
    case "initialCluster":
      return initialCluster(seen);
    case "heir":
      return heir(seen, desired)?.id;
    default:
      return undefined;
  }
}

/** S12: the list of all recorded members. One that never started has no name yet and goes by its node's. */
function initialCluster(seen: Observation): string | undefined {
  const named = seen.members.map((m) => ({ name: m.name || m.node, urls: m.peerUrls }));
  if (named.some((m) => m.name === undefined)) return undefined;
  return named.flatMap((m) => m.urls.map((url) => `${m.name}=${url}`)).sort().join(",");
}

/** Who takes over: a healthy voter, one that stays before one that goes, the most advanced first. */
function heir(seen: Observation, desired: readonly HostNode[]): Member | undefined {
  const stays = (m: Member) => Number(desired.some((n) => n.name === m.node));
  const index = (m: Member) => (m.node === undefined ? undefined : seen.nodes[m.node]?.view?.index) ?? 0n;
  return seen.members
    .filter((m) => m.role === "voter" && m.health === "healthy" && !m.leader)
    .sort((a, b) => stays(b) - stays(a) || (index(b) > index(a) ? 1 : index(b) < index(a) ? -1 : 0))[0];
}

/** A late value as a shell expression for a runbook, without quotes around it. */
export function lateShell(
  late: Late,
  seen: Observation,
  desired: readonly HostNode[],
  nodes: readonly HostNode[],
  o: EtcdOptions,
): string | undefined {
  const ctl = renderCommand(etcdctl(o, endpoints({ seen, nodes, options: o })), () => "");
  // ID, STATUS, NAME, PEER ADDRS, CLIENT ADDRS, IS LEARNER
  const list = `${ctl} member list | awk -F', '`;
  const idOf = (name: string | undefined): string => {
    const host = nodes.find((n) => n.name === name);
    return `${list} '$4 == "${host === undefined ? "" : peerUrl(host, o)}" { print $1 }'`;
  };
  if (late.late === "memberId") return "node" in late.of ? idOf(late.of.node) : `echo ${late.of.member}`;
  switch (late.key) {
    case "initialCluster": {
      const names = nodes.map((n) => `n["${peerUrl(n, o)}"]="${n.name}";`).join(" ");
      return `${list} 'BEGIN { ${names} } { printf "%s%s=%s", s, ($3 == "" ? n[$4] : $3), $4; s = "," }'`;
    }
    case "heir":
      return idOf(heir(seen, desired)?.node);
    case "clusterId":
      // Only the fields of 3.4 and 3.5 name it, in decimal.
      return `printf %x "$(${ctl} member list -w fields | sed -n 's/^"ClusterID" : //p')"`;
    default:
      return undefined;
  }
}

/** A probe as a command whose exit status answers, where etcdctl can tell. */
export function probeShell(
  probe: Probe,
  seen: Observation,
  nodes: readonly HostNode[],
  o: EtcdOptions,
): string | undefined {
  const ask = (probes: readonly Probe[], word: string): string | undefined => {
    const asked = probes.map((p) => probeShell(p, seen, nodes, o)).filter((t) => t !== undefined);
    return asked.length === 0 ? undefined : asked.map((t) => `{ ${t}; }`).join(word);
  };
  const healthy = (of: { readonly node: string } | { readonly member: string }): string | undefined => {
    const host = nodes.find((n) => "node" in of && n.name === of.node);
    if (host === undefined) return undefined;
    return `${renderCommand(etcdctl(o, [clientUrl(host, o)]), () => "")} endpoint health`;
  };
  switch (probe.ask) {
    case "all":
      return ask(probe.probes, " && ");
    case "any":
      return ask(probe.probes, " || ");
    case "settled": {
      const well = probe.well.flatMap((of) => "node" in of ? [of.node] : []);
      const still = probe.before.flatMap((id) => memberById(seen, id)?.node ?? []);
      const asked = [...new Set([...well, ...still])].map((node) => healthy({ node }));
      return asked.filter((t) => t !== undefined).join(" && ") || undefined;
    }
    case "quorum":
      return `${renderCommand(etcdctl(o, endpoints({ seen, nodes, options: o })), () => "")} get quorate`;
    case "fact": {
      if (probe.fact === "healthy" || probe.fact === "voter") return healthy(probe.of);
      // A learner serves no reads; that its status answers is all that can be asked from outside.
      if (probe.fact === "caughtUp") return healthy(probe.of)?.replace(/endpoint health$/, "endpoint status");
      return undefined;
    }
    default:
      return undefined;
  }
}
