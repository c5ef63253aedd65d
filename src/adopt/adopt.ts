/**
 * Takes over a cluster that others built: looks at the hosts that a person named, reads the record, looks at the other
 * members' hosts, and makes a config whose first plan only latches. Nothing is changed on any host.
 *
 * @module
 */
import type { Fleet } from "../model/fleet.ts";
import { type Member, memberText } from "../model/observation.ts";
import type { ServicePlan } from "../model/plan.ts";
import type { ProbeOf } from "../node/check.ts";
import type { Adopt, Remark, Wishes } from "../playbook/adopt.ts";
import type { SshTarget } from "../ssh/settings.ts";
import {
  type Host,
  look,
  needsRoot,
  notSeen,
  type Place,
  type Probed,
  saidTo,
  type SshLogin,
} from "./look.ts";
import { shortName } from "./names.ts";
import { readRecord } from "./record.ts";
import { waysOf } from "./ways.ts";

/** A plugin that takes over what others built. */
export interface Adopter {
  readonly name: string;
  readonly adopt: Adopt;
}

/** The outside, and the plugins that may read what runs there: which of them does, the hosts tell. */
export interface Adopting {
  readonly plugins: readonly Adopter[];
  fleet(targets: readonly SshTarget[]): Fleet;
  /** Reads a config with the project's own loader and looks with it, as `plan` does; or says what is wrong with it. */
  plan(config: string): Promise<ServicePlan | Refused>;
}

/** One `--from`, as it was typed and as it was read. */
export interface From extends Place {
  readonly text: string;
}

export interface Refused {
  /** `unkeepable`: no config keeps this cluster as it is. `unreached`: a host could not be looked at. */
  readonly kind: "unkeepable" | "unreached" | "quorumLost";
  readonly remarks: readonly Remark[];
}

export type Adoption = Refused | {
  readonly kind: "config";
  readonly text: string;
  readonly plan: ServicePlan;
  /** Names of nodes that could not be looked at. */
  readonly unseen: readonly string[];
  readonly remarks: readonly Remark[];
};

/** A plan that changes nothing but latches, and refuses nothing: what a first plan has to be. */
export const onlyLatches = ({ changes, refusals }: ServicePlan): boolean =>
  refusals.length === 0 && changes.every(({ change }) => change.case === "repairConfig" && change.latchOnly);

export async function adopt(outside: Adopting, from: readonly From[], wishes: Wishes): Promise<Adoption> {
  const { login, hosts: probed } = await lookAtNamed(outside, from);
  const closed = probed.flatMap(notSeen);
  if (closed.length > 0) return { kind: "unreached", remarks: closed };
  const plugin = whichRuns(outside.plugins, probed);
  if ("kind" in plugin) return { kind: "unkeepable", remarks: [plugin] };
  const named = probed.map((host) => saidTo(plugin.name, host));
  const first = waysOf(plugin, from, login, named, wishes);
  if (first.texts.length === 0) return { kind: "unkeepable", remarks: first.remarks };

  const members = await readRecord(outside, plugin, first.texts);
  if ("kind" in members) return members;
  const known = named.map((host, i): Host => {
    const member = members.find((m) => m.node === first.names[i]);
    return member === undefined ? host : { ...host, member };
  });
  const strangers = known.filter((h) => h.member === undefined);
  if (strangers.length > 0) {
    return {
      kind: "unkeepable",
      remarks: strangers.map((h) => noMember(h, members)),
    };
  }

  const found = await lookAtOthers(outside, plugin, login, from[0]?.port, known, members, wishes);
  if ("kind" in found) return found;
  const all = members.flatMap((m) => [...known, ...found].find((h) => h.member?.id === m.id) ?? [])
    .toSorted((a, b) => byName.compare(ownName(a), ownName(b)));
  const last = waysOf(plugin, from, login, all, wishes);
  if (last.texts.length === 0) return { kind: "unkeepable", remarks: last.remarks };
  const unseen = all.flatMap((host, i) =>
    host.trouble === undefined ? [] : [{ name: last.names[i] ?? host.name, trouble: host.trouble }]
  );
  const best = await bestOf(outside, last.texts);
  if ("kind" in best) return best;
  return {
    kind: "config",
    ...best,
    unseen: unseen.map((u) => u.name),
    remarks: [
      ...last.remarks,
      ...unseen.map(({ name, trouble }): Remark => ({
        kind: "note",
        what: `${name} was not looked at, so its entry is a guess from the record: ${trouble.detail}`,
        now: `${trouble.unblock}; then see \`quorate plan\``,
      })),
    ],
  };
}

/** As a person would write them down: the record has them by ids. */
const byName = new Intl.Collator("en", { numeric: true });
const ownName = ({ asks, member, name }: Host): string =>
  shortName(asks?.hostname?.out) ?? (member?.name || name);

/** The hosts that a person named; by sudo where the login is not root's. */
async function lookAtNamed({ fleet, plugins }: Adopting, from: readonly From[]) {
  const probes = plugins.map(probeOf);
  const user = from.find((f) => f.user !== undefined)?.user;
  const asked = from.map((f) => ({ name: f.text, place: f }));
  const login: SshLogin = { user, become: undefined };
  const hosts = await look(fleet, probes, login, asked);
  if (!hosts.some(needsRoot)) return { login, hosts };
  const sudo: SshLogin = { user, become: "sudo" };
  return { login: sudo, hosts: await look(fleet, probes, sudo, asked) };
}
const probeOf = ({ name, adopt }: Adopter): ProbeOf => ({ name, probe: adopt.probe });

/** The one plugin whose service runs on these hosts. */
function whichRuns(plugins: readonly Adopter[], hosts: readonly Probed[]): Adopter | Remark {
  const found = plugins.filter(({ name, adopt }) =>
    hosts.some(({ answers }) => adopt.runs(answers.get(name) ?? {}))
  );
  const [one, ...others] = plugins.length === 1 ? plugins : found;
  const where = hosts.map((h) => h.name).join(" and ");
  const names = (those: readonly Adopter[], word: string) => those.map((p) => p.name).join(` ${word} `);
  if (one === undefined) {
    return {
      kind: "stop",
      what: `${where}: no ${names(plugins, "and no")} runs there`,
      now: "start it, or name a host where it runs; a cluster is read from what runs",
    };
  }
  return others.length === 0 ? one : {
    kind: "stop",
    what: `${where}: ${names(found, "and")} run there`,
    now: `say which: --service ${names(found, "or --service")}; each can have a config of its own`,
  };
}

const noMember = ({ name }: Host, members: readonly Member[]): Remark => ({
  kind: "stop",
  what: `${name} runs no member of the first host's cluster, which has ${members.map(memberText).join(", ")}`,
  now: "take over one cluster at a time; a config can have a service for each",
});

/**
 * The hosts of members that nobody named, where the record says that they are. What a person can put right at once, a
 * host key or a login, ends it: a guess would be no better than asking. A host that is down gets its entry.
 */
async function lookAtOthers(
  { fleet }: Adopting,
  plugin: Adopter,
  login: SshLogin,
  port: number | undefined,
  known: readonly Host[],
  members: readonly Member[],
  wishes: Wishes,
): Promise<readonly Host[] | Refused> {
  const rest = members.filter((m) => !known.some((h) => h.member?.id === m.id));
  const record = rest.map((member) => ({ name: nameOf(member), asks: undefined, member }));
  const { addresses } = plugin.adopt.read(record, wishes);
  const nowhere = rest.filter((_, i) => addresses[i] === undefined);
  if (nowhere.length > 0) {
    return {
      kind: "unkeepable",
      remarks: nowhere.map((m) => ({
        kind: "stop",
        what: `where ${nameOf(m)} is cannot be told from its peer URL ${m.peerUrls.join(",")}`,
        now: "name its host as well: --from HOST",
      })),
    };
  }
  const asked = rest.map((member, i) => {
    const host = addresses[i] ?? "";
    return { name: `${nameOf(member)} at ${host}`, place: { host, user: undefined, port }, member };
  });
  const looked = (await look(fleet, [probeOf(plugin)], login, asked))
    .map((host) => saidTo(plugin.name, host));
  const closed = looked.filter((h) => h.trouble !== undefined && h.trouble.code !== "unreachable");
  if (closed.length > 0) return { kind: "unreached", remarks: closed.flatMap(notSeen) };
  return looked.flatMap((host, i) => {
    const member = asked[i]?.member;
    return member === undefined ? [] : [{ ...host, member }];
  });
}

const nameOf = (m: Member): string => `member ${m.name === "" ? m.id : m.name}`;

/** The first config whose plan only latches; else the likeliest. */
async function bestOf(
  { plan }: Adopting,
  texts: readonly string[],
): Promise<Refused | { readonly text: string; readonly plan: ServicePlan }> {
  let likeliest: Refused | { readonly text: string; readonly plan: ServicePlan } | undefined;
  for (const text of texts) {
    const planned = await plan(text);
    const one = "kind" in planned ? planned : { text, plan: planned };
    if (!("kind" in one) && onlyLatches(one.plan)) return one;
    likeliest ??= one;
  }
  if (likeliest === undefined) throw new RangeError("Cannot choose among no configs");
  return likeliest;
}
