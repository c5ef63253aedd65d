/**
 * What no schema can say: names that must exist, hosts that must differ, and what is allowed but unwise.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Policy } from "../model/observation.ts";
import { quorumOf } from "../model/quorum.ts";
import type { Plugin } from "../playbook/options.ts";
import type { NodeConfig } from "./config.ts";
import { isMap } from "./keys.ts";
import { nearest } from "./nearest.ts";
import type { WrittenLock } from "./schema.ts";
import type { Finding, Place } from "./source.ts";

/** A plugin that is not there. */
export function* pluginProblem(
  plugin: unknown,
  plugins: readonly Plugin[],
  place: Place,
): Generator<Finding> {
  const names = plugins.map((p) => p.name);
  if (typeof plugin !== "string" || names.includes(plugin) || isFile(plugin)) return;
  yield {
    place,
    said: {
      message: `there is no plugin "${plugin}"`,
      expected: `${
        names.length === 1 ? names[0] : `one of ${names.join(", ")}`
      }, or a file such as ./my-service.ts`,
      didYouMean: nearest(plugin, names),
    },
  };
}

/** A lock whose etcd cannot be found or is not let in. */
export function* lockProblems(
  { etcd, cert, key }: WrittenLock,
  services: unknown,
): Generator<Finding> {
  const place = ["lock", "etcd"];
  const all = isMap(services) ? services : {};
  if (typeof etcd === "string") {
    const names = Object.keys(all);
    const service = all[etcd];
    if (service === undefined) {
      yield {
        place,
        said: {
          message: `${etcd} is not under services:`,
          expected: "the name of an etcd service of this file, or a list of URLs",
          didYouMean: nearest(etcd, names),
        },
      };
    } else if (isMap(service) && service.plugin !== "etcd") {
      yield {
        place,
        said: { message: `${etcd} is no etcd`, expected: "an etcd service, or a list of URLs" },
      };
    } else if (!compacts(service)) {
      yield {
        severity: "warning",
        place,
        said: {
          message:
            `${etcd} keeps all that ever was in it, and each run of each service leaves two revisions there`,
          hint:
            'options: { env: { ETCD_AUTO_COMPACTION_RETENTION: "1" } } under it keeps those of the last hour',
        },
      };
    }
  } else {
    for (const [i, url] of etcd.entries()) {
      if (URL.canParse(url)) continue;
      yield {
        place: [...place, i],
        said: { message: `${url} is no URL`, expected: "one such as https://10.0.0.1:2379" },
      };
    }
    if (new Set(etcd.map((url) => url.startsWith("https:"))).size > 1) {
      yield {
        place,
        said: { message: "some of these URLs are http and some https", expected: "all of one kind" },
      };
    }
  }
  if ((cert === undefined) !== (key === undefined)) {
    const [there, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    yield {
      place: ["lock", there],
      on: "key",
      said: { message: `${there} needs ${missing} as well`, expected: "both or none" },
    };
  }
}

/** Whether an etcd service of the config is told to forget old revisions. */
const compacts = (service: unknown): boolean =>
  isMap(service) && isMap(service.options) && isMap(service.options.env) &&
  service.options.env.ETCD_AUTO_COMPACTION_RETENTION !== undefined;

/** A file of the operator's own, not a name. */
export const isFile = (name: string): boolean => name.endsWith(".ts");

/** Members that are no node, or named twice. */
export function* memberProblems(
  members: unknown,
  nodes: ReadonlySet<string>,
  place: Place,
): Generator<Finding> {
  if (!Array.isArray(members)) return;
  const seen = new Set<unknown>();
  for (const [i, member] of members.entries()) {
    if (typeof member !== "string") continue;
    if (seen.has(member)) {
      yield {
        place: [...place, i],
        said: { message: `${member} is named twice`, expected: "each node once" },
      };
    } else if (!nodes.has(member)) {
      const names = [...nodes];
      const near = nearest(member, names);
      yield {
        place: [...place, i],
        said: {
          message: `${member} is not under nodes:`,
          expected: `one of ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`,
          didYouMean: near,
        },
      };
    }
    seen.add(member);
  }
}

/** Two names for one machine would make one fault look like two votes. */
export function* sameHosts(nodes: readonly NodeConfig[]): Generator<Finding> {
  const hosts = new Map<string, string>();
  const addresses = new Map<string, string>();
  for (const { name, host, address, ssh } of nodes) {
    const login = `${host.toLowerCase()} port ${ssh.port ?? 22}`;
    const sameHost = hosts.get(login);
    const sameAddress = addresses.get(address.toLowerCase());
    if (sameHost !== undefined) {
      yield {
        place: ["nodes", name, "host"],
        said: {
          message: `${sameHost} and ${name} are the same host: ${login}`,
          expected: "a host, or at least an ssh port, of its own",
        },
      };
    } else if (sameAddress !== undefined) {
      yield {
        place: ["nodes", name, address === host ? "host" : "address"],
        said: {
          message: `${sameAddress} and ${name} have the same address: ${address}`,
          expected: "an address of its own on the service's network",
        },
      };
    }
    if (sameHost === undefined) hosts.set(login, name);
    if (sameAddress === undefined) addresses.set(address.toLowerCase(), name);
  }
}

/** An address that is, on every host, that host itself. */
const OWN = /^(?:localhost\.?|127\.[\d.]+|::1|0\.0\.0\.0|::)$/i;

/**
 * Members of one service of which some can only be reached by themselves, as where the management node is a member, too,
 * and is called localhost: the others would take their own process for it. All of them on one host is another matter.
 */
export function* ownAddresses(
  services: readonly { readonly members: readonly HostNode[] }[],
): Generator<Finding> {
  const told = new Set<string>();
  for (const { members } of services) {
    const own = members.filter(({ address }) => OWN.test(address));
    if (own.length === members.length) continue;
    for (const { name, host, address } of own.filter((node) => !told.has(node.name))) {
      told.add(name);
      yield {
        place: ["nodes", name, address === host ? "host" : "address"],
        said: {
          message: `${address} is, to every other member, that member itself`,
          expected: `an address of ${name} on the service's network, by host or address`,
        },
      };
    }
  }
}

/** Allowed, but said by `validate` and `plan`; `n` members are desired. */
export function* warnings(
  name: string,
  n: number,
  policy: Policy,
  place: Place,
): Generator<Finding> {
  const warn = (at: Place, message: string, hint: string): Finding => ({
    severity: "warning",
    place: [...place, ...at],
    said: { message, hint },
  });
  if (n < 3) {
    yield warn(
      ["members"],
      `${name} loses its quorum with any one member`,
      "three members survive the loss of one",
    );
  } else if (n % 2 === 0) {
    yield warn(
      ["members"],
      `${n} members survive the loss of ${quorumOf(n, n).margin}, no more than ${n - 1} would`,
      "an odd number is usual",
    );
  }
  if (policy.stabilizeMs === 0) {
    yield warn(["policy", "stabilize"], "changes follow each other without a pause", "5s is the default");
  }
  if (policy.stabilizeMs >= policy.deadlineMs) {
    yield warn(
      ["policy", "stabilize"],
      "no run lasts long enough to see that a change has held",
      "stabilize has to be shorter than deadline",
    );
  }
  if (policy.backup === false) {
    yield warn(
      ["policy", "backup"],
      `${name} is changed without a snapshot before`,
      "leave backup out to have one",
    );
  }
}

/** Nobody who is to be told, and a program that would be looked for in a PATH that cron's is not. */
export function* alertProblems(
  alerts: { readonly webhook?: string; readonly command?: readonly string[] } | undefined,
): Generator<Finding> {
  if (alerts === undefined) return;
  const { webhook, command } = alerts;
  if (webhook === undefined && command === undefined) {
    yield {
      place: ["alerts"],
      on: "key",
      said: { message: "alerts tells nobody", expected: "webhook, command, or both" },
    };
  }
  if (command?.[0] !== undefined && !command[0].startsWith("/")) {
    yield {
      place: ["alerts", "command", 0],
      said: { message: `command[0] cannot be "${command[0]}"`, expected: "the absolute path of a program" },
    };
  }
}
