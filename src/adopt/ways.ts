/**
 * The configs that could keep what hosts run: which credentials serve can only be tried.
 *
 * @module
 */
import type { Remark, Wishes, WrittenOptions } from "../playbook/adopt.ts";
import type { Adopter, From } from "./adopt.ts";
import type { Host, SshLogin } from "./look.ts";
import { namesFor, shortName } from "./names.ts";
import { type AdoptedNode, adoptedText } from "./render.ts";

export interface Ways {
  /** Texts of configs, the likeliest first; none where no config keeps it as it is: then remarks say why. */
  readonly texts: readonly string[];
  /** The names of the hosts' nodes, in the order of the hosts. */
  readonly names: readonly string[];
  readonly remarks: readonly Remark[];
}

/** Pure. */
export function waysOf(
  plugin: Adopter,
  from: readonly From[],
  login: SshLogin,
  hosts: readonly Host[],
  wishes: Wishes,
): Ways {
  const readAs = (names: readonly string[]) =>
    plugin.adopt.read(hosts.map(({ asks, member }, i) => ({ name: names[i] ?? "", asks, member })), wishes);
  const { addresses, remarks: before } = readAs(hosts.map((h) => h.name));
  const stops = before.filter((r) => r.kind === "stop");
  if (stops.length > 0) return { texts: [], names: [], remarks: stops };
  const named = new Set(from.map((f) => f.host));
  const names = namesFor(hosts.map(({ asks, member, place }, i) => [
    shortName(asks?.hostname?.out),
    named.has(place.host) ? place.host : undefined,
    member?.name,
    addresses[i],
  ]));
  // From here on they are called as the config calls them.
  const { options, remarks } = readAs(names);
  const nodes = hosts.map((h, i): AdoptedNode => ({
    name: names[i] ?? h.name,
    host: h.place.host,
    address: addresses[i] ?? h.place.host,
    port: h.place.port,
    comment: commentOf(h),
  }));
  const { name } = plugin;
  const config = {
    from: from.map((f) => f.text),
    login,
    nodes,
    service: name,
    plugin: name,
    remarks,
  };
  return {
    texts: options.map((way) => adoptedText({ ...config, options: wished(way, wishes) })),
    names,
    remarks,
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
export const wished = (options: WrittenOptions, wishes: Wishes): WrittenOptions =>
  Object.entries(wishes).reduce((all, [name, value]) => put(all, name.split("."), value), options);

function put(
  options: WrittenOptions,
  [name = "", ...rest]: readonly string[],
  value: string,
): WrittenOptions {
  const inner = Object.hasOwn(options, name) ? options[name] : undefined;
  return {
    ...options,
    [name]: rest.length === 0 ? typed(value) : put(typeof inner === "object" ? inner : {}, rest, value),
  };
}
const typed = (value: string): string | number | boolean =>
  /^\d{1,9}$/.test(value) ? Number(value) : value === "true" ? true : value === "false" ? false : value;
