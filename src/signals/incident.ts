/**
 * One message for one incident, one for its end. An incident begins with a run that ends in trouble and ends with one
 * that finds or makes all well; a further trouble in it is told once, however often runs go from one to the other.
 *
 * @module
 */
import type { Account } from "./account.ts";
import { fingerprintOf, isWell, type Kind, type Message, messageOf, troubleOf } from "./message.ts";

export const CHANNELS = ["webhook", "command"] as const;
export type Channel = typeof CHANNELS[number];

/** What is remembered of a service in trouble. */
export interface Incident {
  readonly since: string;
  /** By the fingerprint of a trouble: who was told of it. */
  readonly told: Readonly<Record<string, readonly Channel[]>>;
  /** Who was told of its end, once it has ended and others were not reached. */
  readonly ended?: readonly Channel[];
}

export interface Owed {
  readonly channel: Channel;
  readonly message: Message;
}

export interface Asked {
  readonly channels: readonly Channel[];
  readonly on: readonly Kind[];
  readonly host: string;
}

/** Troubles of one incident that are told apart: one whose words are always new must not fill a disk. */
const MOST = 20;

/** What is to be told now, and the incident as it is before that is done. */
export function judge(
  before: Incident | undefined,
  account: Account,
  asked: Asked,
): { readonly owed: readonly Owed[]; readonly incident?: Incident } {
  const trouble = troubleOf(account);
  const { host } = asked;
  const wants = (kind: Kind): boolean => asked.on.includes(kind);
  if (trouble !== undefined) {
    const fingerprint = fingerprintOf(account);
    // Trouble after an end that not everybody was told of is another incident.
    const open = before === undefined || before.ended !== undefined
      ? { since: account.time, told: {} }
      : before;
    const told = open.told[fingerprint] ?? [];
    const full = Object.keys(open.told).length >= MOST && open.told[fingerprint] === undefined;
    const incident = full ? open : { ...open, told: { ...open.told, [fingerprint]: told } };
    const message = messageOf(trouble, account, { host, fingerprint, since: open.since });
    const left = full || !wants(trouble) ? [] : asked.channels.filter((c) => !told.includes(c));
    return { owed: left.map((channel) => ({ channel, message })), incident };
  }
  const fingerprint = Object.keys(before?.told ?? {}).at(-1) ?? fingerprintOf(account);
  const changed = account.changes.length > 0 && wants("change");
  const changes = (channels: readonly Channel[]): readonly Owed[] => {
    const message = messageOf("change", account, { host, fingerprint: fingerprintOf(account) });
    return changed ? channels.map((channel) => ({ channel, message })) : [];
  };
  if (before === undefined) return { owed: changes(asked.channels) };
  // Neither well nor in new trouble: another manager is at work, or a change goes on.
  if (!isWell(account)) return { owed: changes(asked.channels), incident: before };
  const knew = new Set(Object.values(before.told).flat());
  const left = asked.channels.filter((c) => wants("recovery") && knew.has(c) && !before.ended?.includes(c));
  const message = messageOf("recovery", account, { host, fingerprint, since: before.since });
  const others = asked.channels.filter((c) => !left.includes(c));
  return {
    owed: [...left.map((channel) => ({ channel, message })), ...changes(others)],
    ...(left.length === 0 ? {} : { incident: { ...before, ended: before.ended ?? [] } }),
  };
}

/** The incident once these were told; undefined once it is over for everybody. */
export function after(
  incident: Incident | undefined,
  owed: readonly Owed[],
  done: readonly Owed[],
): Incident | undefined {
  if (incident === undefined) return undefined;
  const of = (kind: (k: Kind) => boolean): readonly Owed[] => done.filter((one) => kind(one.message.kind));
  const told = of((kind) => kind !== "change" && kind !== "recovery").reduce(
    (sum, { channel, message: { fingerprint } }) => ({
      ...sum,
      [fingerprint]: [...sum[fingerprint] ?? [], channel],
    }),
    incident.told,
  );
  if (incident.ended === undefined) return { ...incident, told };
  const ended = [...incident.ended, ...of((kind) => kind === "recovery").map((one) => one.channel)];
  const all = owed.filter((one) => one.message.kind === "recovery").every((one) =>
    ended.includes(one.channel)
  );
  return all ? undefined : { ...incident, ended };
}
