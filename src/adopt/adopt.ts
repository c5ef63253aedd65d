/**
 * Takes over a cluster that others built: looks at the hosts that a person named, reads the record, looks at the other
 * members' hosts, and makes a config whose first plan only latches. Nothing is changed on any host.
 *
 * @module
 */
import type { Fleet, Reply, Trouble } from "../model/fleet.ts";
import { type Member, memberText } from "../model/observation.ts";
import type { ServicePlan } from "../model/plan.ts";
import { checkTimeoutMs, PROBE, probeScript } from "../node/check.ts";
import { readDocument } from "../node/document.ts";
import type { Adopt, FoundHost, Remark, Wishes, WrittenOptions } from "../playbook/adopt.ts";
import type { Asks } from "../playbook/plugin.ts";
import type { SshTarget } from "../ssh/settings.ts";
import type { From, SshLogin } from "./login.ts";
import { namesFor, shortName } from "./names.ts";
import { type AdoptedNode, adoptedText } from "./render.ts";

/** The outside, and the plugin that reads what runs there. */
export interface Adopting {
  readonly plugin: { readonly name: string; readonly adopt: Adopt };
  fleet(targets: readonly SshTarget[]): Fleet;
  /** Reads a config with the project's own loader and looks with it, as `plan` does. Throws where it is not valid. */
  plan(config: string): Promise<ServicePlan>;
}

export type Adoption =
  | {
    readonly kind: "config";
    readonly text: string;
    readonly plan: ServicePlan;
    /** Names of nodes that could not be looked at. */
    readonly unseen: readonly string[];
    readonly remarks: readonly Remark[];
  }
  /** `unkeepable`: no config keeps this cluster as it is. `unreached`: a host could not be looked at. */
  | { readonly kind: "unkeepable" | "unreached" | "quorumLost"; readonly remarks: readonly Remark[] };

/** A plan that changes nothing but latches, and refuses nothing: what a first plan has to be. */
export const onlyLatches = ({ changes, refusals }: ServicePlan): boolean =>
  refusals.length === 0 && changes.every(({ change }) => change.case === "repairConfig" && change.latchOnly);

/** A host with what the probe said. */
interface Host {
  readonly name: string;
  readonly from: Omit<From, "text">;
  readonly asks: Asks | undefined;
  readonly trouble: Trouble | undefined;
  readonly member?: Member;
}

export async function adopt(outside: Adopting, from: readonly From[], wishes: Wishes): Promise<Adoption> {
  const { adopt: plugin } = outside.plugin;
  const user = from.find((f) => f.user !== undefined)?.user;
  let login: SshLogin = { user, become: undefined };
  let named = await look(outside, login, from.map((f) => ({ name: f.text, from: f })));
  if (named.some((h) => h.asks?.uid?.code === 0 && h.asks.uid.out.trim() !== "0")) {
    login = { user, become: "sudo" };
    named = await look(outside, login, from.map((f) => ({ name: f.text, from: f })));
  }
  const untold = named.flatMap((h) => h.trouble === undefined ? [] : [notReached(h.name, h.trouble)]);
  if (untold.length > 0) return { kind: "unreached", remarks: untold };

  // The record: as the ordinary look reads it, by the options that the first hosts' own processes were started with.
  const first = attempts(outside, from, login, named, wishes);
  if ("remarks" in first) return first;
  let seen: ServicePlan["seen"] | undefined;
  for (const { text } of first.configs) {
    ({ seen } = await outside.plan(text));
    if (seen.members.length > 0) break;
  }
  if (seen === undefined || seen.members.length === 0 || seen.state !== "held") return noRecord(seen);
  const { members } = seen;
  const known = named.map((h, i): Host => {
    const member = members.find((m) => m.node === first.names[i]);
    return member === undefined ? h : { ...h, member };
  });
  const strangers = known.filter((h) => h.member === undefined);
  if (strangers.length > 0) {
    return {
      kind: "unkeepable",
      remarks: strangers.map((h) => ({
        kind: "stop",
        what: `${h.name} runs no member of the cluster of ${from[0]?.text}: ${
          members.map(memberText).join(", ")
        }`,
        now: "adopt one cluster at a time",
      })),
    };
  }

  // The others, where the record says that they are.
  const rest = members.filter((m) => !known.some((h) => h.member?.id === m.id));
  const places =
    plugin.read(rest.map((m) => ({ name: nameOf(m), asks: undefined, member: m })), wishes).addresses;
  const port = from[0]?.port;
  const others = rest.map((member, i) => ({ member, name: nameOf(member), host: places[i] }));
  const reachable = others.flatMap(({ name, host }) =>
    host === undefined ? [] : [{ name: `${name} (${host})`, from: { host, user: undefined, port } }]
  );
  const looked = reachable.length === 0 ? [] : await look(outside, login, reachable);
  const closed = looked.filter((h) => h.trouble !== undefined && h.trouble.code !== "unreachable");
  // A person can put that right at once, and a guess would not be any better than asking.
  if (closed.length > 0) {
    return {
      kind: "unreached",
      remarks: closed.flatMap((h) => h.trouble === undefined ? [] : [notReached(h.name, h.trouble)]),
    };
  }
  const found = looked.flatMap((h): readonly Host[] => {
    const member = others.find((o) => `${o.name} (${o.host})` === h.name)?.member;
    return member === undefined ? [] : [{ ...h, member }];
  });
  const all = members.flatMap((m): readonly Host[] =>
    [...known, ...found].filter((h) => h.member?.id === m.id).slice(0, 1)
  );
  const missing = others.filter((o) => o.host === undefined);
  if (missing.length > 0) {
    return {
      kind: "unkeepable",
      remarks: missing.map(({ member }) => ({
        kind: "stop",
        what: `where member ${member.id} is cannot be told from its peer URL ${member.peerUrls.join(",")}`,
        now: "name its host: --from HOST",
      })),
    };
  }
  const last = attempts(outside, from, login, all, wishes);
  if ("remarks" in last) return last;
  const unseen = all.flatMap((h, i) =>
    h.trouble === undefined ? [] : [{ host: h, name: last.names[i] ?? h.name }]
  );
  const made: { readonly text: string; readonly plan: ServicePlan }[] = [];
  for (const { text } of last.configs) {
    const plan = await outside.plan(text);
    made.push({ text, plan });
    if (onlyLatches(plan)) break;
  }
  const best = made.find((m) => onlyLatches(m.plan)) ?? made[0];
  if (best === undefined) throw new Error("a plugin read a cluster and named no options");
  return {
    kind: "config",
    ...best,
    unseen: unseen.map((u) => u.name),
    remarks: [
      ...last.notes,
      ...unseen.map(({ host, name }): Remark => ({
        kind: "note",
        what: `${name} was not looked at, so its entry is a guess from the record: ${host.trouble?.detail}`,
        now: `${host.trouble?.unblock}; then see \`quorate plan\``,
      })),
    ],
  };
}

/** Probes hosts side by side; what is not a whole answer is a trouble. */
async function look(
  { fleet: open, plugin }: Adopting,
  { user, become }: SshLogin,
  hosts: readonly Pick<Host, "name" | "from">[],
): Promise<readonly Host[]> {
  const fleet = open(hosts.map(({ name, from }) => ({
    name,
    host: from.host,
    ssh: {
      ...(from.user === undefined && user === undefined ? {} : { user: from.user ?? user ?? "" }),
      ...(from.port === undefined ? {} : { port: from.port }),
      ...(become === undefined ? {} : { become }),
    },
  })));
  try {
    return await Promise.all(hosts.map(async ({ name, from }): Promise<Host> => {
      const reply = await fleet.run(name, probeScript(plugin.adopt.probe), { timeoutMs: checkTimeoutMs });
      const asks = reply.kind === "exited" ? readDocument(reply.stdout)?.services.get(PROBE) : undefined;
      return { name, from, asks, trouble: asks === undefined ? troubleOf(reply) : undefined };
    }));
  } finally {
    await fleet.close();
  }
}

const troubleOf = (reply: Reply): Trouble =>
  reply.kind === "unreachable" ? reply.trouble : {
    code: "unreachable",
    detail: `the look at it came back ${reply.kind === "timedOut" ? "too late" : "incomplete"}`,
    unblock: "try again",
  };

const notReached = (name: string, { detail, unblock }: Trouble): Remark => ({
  kind: "stop",
  what: `${name} cannot be looked at: ${detail}`,
  now: unblock,
});

const nameOf = (m: Member): string => m.name === "" ? `member ${m.id}` : `member ${m.name}`;

/** The configs that could keep what these hosts run, the likeliest first; or why there is none. */
function attempts(
  { plugin }: Adopting,
  from: readonly From[],
  login: SshLogin,
  hosts: readonly Host[],
  wishes: Wishes,
): {
  readonly configs: readonly { readonly text: string }[];
  readonly names: readonly string[];
  readonly notes: readonly Remark[];
} | Extract<Adoption, { kind: "unkeepable" }> {
  const found: readonly FoundHost[] = hosts.map(({ name, asks, member }) => ({ name, asks, member }));
  const { addresses, options, remarks } = plugin.adopt.read(found, wishes);
  const stops = remarks.filter((r) => r.kind === "stop");
  if (stops.length > 0) return { kind: "unkeepable", remarks: stops };
  const names = namesFor(hosts.map(({ asks, member, from, name }, i) => [
    shortName(asks?.hostname?.out),
    name === from.host ? from.host : undefined,
    member?.name,
    addresses[i],
  ]));
  const nodes = hosts.map((h, i): AdoptedNode => ({
    name: names[i] ?? h.name,
    host: h.from.host,
    address: addresses[i] ?? h.from.host,
    port: h.from.port,
    comment: commentOf(h),
  }));
  const renamed = hosts.some((h, i) =>
    h.member !== undefined && h.member.name !== "" && h.member.name !== names[i]
  );
  const notes: readonly Remark[] = [
    ...remarks,
    ...(renamed
      ? [{
        kind: "note" as const,
        what: "members keep the names that they have, which are not those of their nodes",
        now: `nothing; only do not call a new node like a member: ${
          hosts.flatMap((h) => h.member?.name || []).join(", ")
        }`,
      }]
      : []),
  ];
  const config = {
    from: from.map((f) => f.text),
    login,
    nodes,
    service: plugin.name,
    plugin: plugin.name,
    remarks: notes,
  };
  return {
    configs: options.map((way) => ({ text: adoptedText({ ...config, options: wished(way, wishes) }) })),
    names,
    notes,
  };
}

function commentOf({ member, trouble }: Host): string {
  if (member === undefined) return "not known yet";
  const who = member.name === ""
    ? `member ${member.id}, never started`
    : `member ${member.name}, ${member.id}`;
  return trouble === undefined ? who : `${who}; NOT LOOKED AT over SSH, so this is a guess from its peer URL`;
}

/** What a person named lies over what was read. */
export function wished(options: WrittenOptions, wishes: Wishes): WrittenOptions {
  return Object.entries(wishes).reduce<WrittenOptions>(
    (all, [name, value]) => put(all, name.split("."), value),
    options,
  );
}
function put(
  options: WrittenOptions,
  [name = "", ...rest]: readonly string[],
  value: string,
): WrittenOptions {
  const inner = Object.hasOwn(options, name) ? options[name] : undefined;
  const written = /^\d{1,9}$/.test(value)
    ? Number(value)
    : value === "true"
    ? true
    : value === "false"
    ? false
    : value;
  return {
    ...options,
    [name]: rest.length === 0 ? written : put(typeof inner === "object" ? inner : {}, rest, value),
  };
}

/** The hosts run something, and it did not tell who its members are. */
function noRecord(seen: ServicePlan["seen"] | undefined): Adoption {
  const nodes = Object.values(seen?.nodes ?? {});
  const [node] = nodes;
  if (node?.view?.pristine === "yes") {
    return {
      kind: "unkeepable",
      remarks: [{
        kind: "stop",
        what:
          `${node.node} runs what its package starts by itself: one member on localhost, to which nothing was ever written`,
        now: "there is nothing to take over: `quorate init` writes a config for a new cluster",
      }],
    };
  }
  const said = nodes.map((n) =>
    `${n.node}: ${n.view?.trouble ?? n.data.why ?? n.trouble?.detail ?? "it serves no reads"}`
  );
  return seen !== undefined && seen.members.length > 0 && seen.state === "lost"
    ? {
      kind: "quorumLost",
      remarks: [{
        kind: "stop",
        what: `the cluster has no quorum, so its member list is not certain: ${said.join("; ")}`,
        now: "bring members back until it serves writes, then try again",
      }],
    }
    : {
      kind: "unkeepable",
      remarks: [{
        kind: "stop",
        what: `the list of members could not be read: ${said.join("; ")}`,
        now:
          "see that it serves; where it wants credentials, put ETCDCTL_… variables into a file on each host, and " +
          "name that file: --option ctlEnv=/PATH",
      }],
    };
}
