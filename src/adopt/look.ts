/**
 * Looks at hosts that no config names yet.
 *
 * @module
 */
import type { Fleet, Reply, Trouble } from "../model/fleet.ts";
import type { Member } from "../model/observation.ts";
import { checkTimeoutMs, type ProbeOf, probeScript } from "../node/check.ts";
import { readDocument } from "../node/document.ts";
import type { Remark } from "../playbook/adopt.ts";
import type { Asks } from "../playbook/plugin.ts";
import type { SshTarget } from "../ssh/settings.ts";

/** How hosts are logged in to: as `--from` says, and for the rest as ssh_config does. */
export interface SshLogin {
  readonly user: string | undefined;
  readonly become: "sudo" | undefined;
}

/** Where SSH goes. */
export interface Place {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}

/** A host with what the probe said: answers, or a trouble. */
export interface Host {
  /** How it is called in what is said to a person. */
  readonly name: string;
  readonly place: Place;
  readonly asks: Asks | undefined;
  readonly trouble: Trouble | undefined;
  /** Which member of the record it is, once that is known. */
  readonly member?: Member;
}

/** A host with what each of several probes said, by plugin. */
export interface Probed extends Pick<Host, "name" | "place" | "trouble"> {
  readonly answers: ReadonlyMap<string, Asks>;
}

/** Probes hosts side by side; what is not a whole answer is a trouble. */
export async function look(
  open: (targets: readonly SshTarget[]) => Fleet,
  probes: readonly ProbeOf[],
  { user, become }: SshLogin,
  hosts: readonly Pick<Host, "name" | "place">[],
): Promise<readonly Probed[]> {
  if (hosts.length === 0) return [];
  const fleet = open(hosts.map(({ name, place }) => {
    const who = place.user ?? user;
    return {
      name,
      host: place.host,
      ssh: {
        ...(who === undefined ? {} : { user: who }),
        ...(place.port === undefined ? {} : { port: place.port }),
        ...(become === undefined ? {} : { become }),
      },
    };
  }));
  try {
    return await Promise.all(hosts.map(async ({ name, place }): Promise<Probed> => {
      const reply = await fleet.run(name, probeScript(probes), { timeoutMs: checkTimeoutMs });
      const answers = reply.kind === "exited" ? readDocument(reply.stdout)?.services : undefined;
      return answers === undefined
        ? { name, place, answers: new Map(), trouble: troubleOf(reply) }
        : { name, place, answers, trouble: undefined };
    }));
  } finally {
    await fleet.close();
  }
}

/** Whether the login is not root's: then nothing of another user's process can be read. */
export const needsRoot = ({ answers }: Probed): boolean =>
  [...answers.values()].some(({ uid }) => uid?.code === 0 && uid.out.trim() !== "0");

/** What one plugin's probe said of a host. */
export const saidTo = (plugin: string, { answers, ...host }: Probed): Host => ({
  ...host,
  asks: answers.get(plugin),
});

function troubleOf(reply: Reply): Trouble {
  if (reply.kind === "unreachable") return reply.trouble;
  const how = reply.kind === "timedOut" ? "too late" : "incomplete";
  return {
    code: "unreachable",
    detail: `the look at it came back ${how}`,
    unblock: "see what its shell prints, and how busy it is",
  };
}

export const notSeen = ({ name, trouble }: Pick<Host, "name" | "trouble">): readonly Remark[] =>
  trouble === undefined
    ? []
    : [{ kind: "stop", what: `${name} cannot be looked at: ${trouble.detail}`, now: trouble.unblock }];
