/**
 * From the text of `quorate.yaml` to a config, or to everything that is wrong with it.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "node:path";
import * as v from "valibot";
import type { Policy } from "../model/observation.ts";
import type { Plugin } from "../playbook/options.ts";
import type { SshSettings } from "../ssh/settings.ts";
import {
  alertProblems,
  isFile,
  lockProblems,
  memberProblems,
  ownAddresses,
  pluginProblem,
  sameHosts,
  warnings,
} from "./checks.ts";
import type {
  Alerts,
  Config,
  LockSettings,
  NodeConfig,
  OwnPlaybook,
  OwnPlugin,
  Problem,
  ServiceConfig,
} from "./config.ts";
import { optionProblems, sharedOnNodes } from "./conflicts.ts";
import { isMap, keyProblems, labelOf } from "./keys.ts";
import {
  fileSchema,
  nodeSchema,
  serviceSchema,
  type WrittenAlerts,
  type WrittenLock,
  type WrittenPolicy,
  type WrittenSsh,
} from "./schema.ts";
import { type Finding, type Place, readSource, type Said, type Source } from "./source.ts";

export interface Reading {
  /** Only where no problem is an error. */
  readonly config?: Config;
  /**
   * What a file with errors would keep, where all of its nodes and services could be made out: another file of the folder
   * must not take it over for a slip in this one.
   */
  readonly claims?: Config;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** An error at a place of the file, for what shows only beside other files. */
  readonly problemAt?: (place: Place, said: Said, on?: "key" | "value") => Problem;
}

/** The files of the operator's own that a config names, loaded; by the text that names them. */
export interface Named {
  readonly plugins: ReadonlyMap<string, OwnPlugin | Problem>;
  readonly playbooks: ReadonlyMap<string, OwnPlaybook | Problem>;
}
const NONE: Named = { plugins: new Map(), playbooks: new Map() };

/** What `plugin:` and `playbook:` of the services name by a path, as it is written; nothing where nothing can be read. */
export function namedFiles(text: string, path: string): { readonly [K in keyof Named]: readonly string[] } {
  const value = readSource(text, path).source?.value;
  const services = isMap(value) ? entries(value.services).map(([, one]) => one) : [];
  const of = (key: string) => [
    ...new Set(services.flatMap((one) => {
      const written = isMap(one) ? one[key] : undefined;
      return typeof written === "string" && isFile(written) ? [written] : [];
    })),
  ];
  return { plugins: of("plugin"), playbooks: of("playbook") };
}

/**
 * Reads a config. `path` is for messages, and relative files start at its folder; nothing is opened: `own` holds the
 * files that it names.
 */
export function parseConfig(
  text: string,
  path: string,
  plugins: readonly Plugin[],
  own: Named = NONE,
): Reading {
  const { source, problems } = readSource(text, path);
  if (source === undefined) return { problems };
  if (source.value === null || source.value === undefined) {
    return { problems: [...problems, source.problem("error", [], EMPTY)] };
  }
  const { config, findings, whole } = readValue(source, path, plugins, own);
  const foreign = [...own.plugins.values(), ...own.playbooks.values()].filter(isProblem);
  const all = [
    ...problems,
    ...foreign,
    ...findings.map((f) => source.problem(f.severity ?? "error", f.place, f.said, f.on)),
  ];
  const sorted = [...new Map(all.map((p) => [JSON.stringify(p), p])).values()]
    .sort((a, b) => a.line - b.line || a.column - b.column);
  if (sorted.some((p) => p.severity === "error")) {
    return { problems: sorted, ...(whole ? { claims: config } : {}) };
  }
  return { problems: sorted, config, problemAt: (...at) => source.problem("error", ...at) };
}
const NOT_LOADED = { message: "the file was not loaded" };
const EMPTY = { message: "the file is empty", hint: "`quorate init` writes one to start with" };

const isProblem = (one: OwnPlugin | OwnPlaybook | Problem): one is Problem => "severity" in one;

function readValue(source: Source, path: string, plugins: readonly Plugin[], named: Named) {
  const findings: Finding[] = [];
  /** What a schema makes of a value, or undefined when a value is wrong. Unknown keys do not end the look at the rest. */
  const read = <S extends v.GenericSchema>(schema: S, value: unknown, place: Place) => {
    findings.push(...keyProblems(schema, value, place));
    const result = v.safeParse(schema, value);
    findings.push(...(result.issues ?? []).flatMap((issue) => valueFindings(issue, source, place)));
    return result.success ? result.output : undefined;
  };

  const top = read(fileSchema(v.unknown(), v.unknown()), source.value, []);
  const written = isMap(source.value) ? source.value : {};
  const folder = dirname(path);
  const ssh = top?.ssh ?? {};

  const nodes = entries(written.nodes).flatMap(([name, value]): readonly NodeConfig[] => {
    const node = read(nodeSchema, value, ["nodes", name]);
    return node === undefined ? [] : [{
      name,
      host: node.host,
      address: node.address ?? node.host,
      labels: node.labels,
      ssh: sshSettings({ ...ssh, ...node.ssh }, folder),
    }];
  });
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const nodeNames = new Set(entries(written.nodes).map(([name]) => name));

  const services = entries(written.services).flatMap(([name, value]): readonly ServiceConfig[] => {
    const place = ["services", name];
    const raw = isMap(value) ? value : {};
    const loaded = typeof raw.plugin === "string" ? named.plugins.get(raw.plugin) : undefined;
    const own = loaded === undefined || isProblem(loaded) ? undefined : loaded;
    const plugin = own?.plugin ?? plugins.find((p) => p.name === raw.plugin);
    const service = read(serviceSchema(plugin, own && String(raw.plugin)), value, place);
    const wrong = [
      ...pluginProblem(raw.plugin, plugins, [...place, "plugin"]),
      ...(nodeNames.size === 0 ? [] : memberProblems(raw.members, nodeNames, [...place, "members"])),
    ];
    findings.push(...wrong);
    const playbook = service?.playbook === undefined ? undefined : named.playbooks.get(service.playbook);
    if (typeof raw.plugin === "string" && isFile(raw.plugin) && loaded === undefined) {
      findings.push({ place: [...place, "plugin"], said: NOT_LOADED });
    }
    if (service?.playbook !== undefined && playbook === undefined) {
      findings.push({ place: [...place, "playbook"], said: NOT_LOADED });
    }
    if (service === undefined || plugin === undefined || (playbook !== undefined && isProblem(playbook))) {
      return [];
    }
    const one: ServiceConfig = {
      name,
      plugin,
      ...(own === undefined ? {} : { own }),
      ...(playbook === undefined ? {} : { playbook }),
      members: [...new Set(service.members)].flatMap((m) => byName.get(m) ?? []),
      options: service.options,
      policy: policyOf(service.policy),
    };
    findings.push(
      ...optionProblems(plugin.options, one.options, [...place, "options"]),
      ...warnings(name, service.members.length, one.policy, place),
    );
    return [one];
  });
  findings.push(...sameHosts(nodes), ...ownAddresses(services), ...sharedOnNodes(services));

  findings.push(...alertProblems(top?.alerts));
  const lock = top?.lock;
  if (lock !== undefined) findings.push(...lockProblems(lock, written.services));
  const config: Config = {
    path,
    ssh: sshSettings(ssh, folder),
    ...(lock === undefined ? {} : { lock: lockSettings(lock, folder) }),
    nodes,
    services,
    ...(top?.metrics === undefined ? {} : { metrics: top.metrics }),
    ...(top?.alerts === undefined ? {} : { alerts: alertsOf(top.alerts) }),
  };
  const whole = entries(written.nodes).length === nodes.length &&
    entries(written.services).length === services.length &&
    services.every(({ name, members }) => isWhole(written.services, name, members.length));
  return { findings, config, whole };
}

/** Every member that is written is one of the nodes. */
const isWhole = (services: unknown, name: string, members: number): boolean => {
  const one = isMap(services) ? services[name] : undefined;
  return isMap(one) && Array.isArray(one["members"]) && new Set(one["members"]).size === members;
};

const entries = (value: unknown): readonly (readonly [string, unknown])[] =>
  isMap(value) ? Object.entries(value) : [];

/** What valibot says of values; what it says of keys is said better by `keys.ts`. */
function valueFindings(issue: v.BaseIssue<unknown>, source: Source, above: Place): readonly Finding[] {
  if (issue.path?.at(-1)?.origin === "key") return [];
  const place = [
    ...above,
    ...(issue.path ?? []).map((item): string | number =>
      typeof item.key === "number" ? item.key : String(item.key)
    ),
  ];
  // Of "false or a map": what is wrong inside the map is more to the point.
  const inside = (issue.issues ?? []).filter((one) => one.path !== undefined);
  if (inside.length > 0) return inside.flatMap((one) => valueFindings(one, source, place));
  const here = source.written(place);
  const written = here !== "nothing" && place.at(-1) === "webhook" ? "that" : here;
  return [{
    place,
    said: {
      message: written === "nothing"
        ? `${labelOf(place)} has no value`
        : `${labelOf(place)} cannot be ${written}`,
      expected: issue.message,
    },
  }];
}

const placedIn = (folder: string) => (one: string): string =>
  isAbsolute(one) || one.startsWith("~") ? one : join(folder, one);

function lockSettings({ etcd, ttl, prefix, ca, cert, key }: WrittenLock, folder: string): LockSettings {
  const placed = placedIn(folder);
  return {
    etcd,
    ttlMs: ttl,
    prefix,
    ...(ca === undefined ? {} : { ca: placed(ca) }),
    ...(cert === undefined ? {} : { cert: placed(cert) }),
    ...(key === undefined ? {} : { key: placed(key) }),
  };
}

function sshSettings(written: WrittenSsh, folder: string): SshSettings {
  const { become, connectTimeout, identityFiles, knownHosts, ...same } = written;
  const placed = (files: readonly string[]) => files.map(placedIn(folder));
  return {
    ...same,
    ...(identityFiles === undefined ? {} : { identityFiles: placed(identityFiles) }),
    ...(knownHosts === undefined ? {} : { knownHosts: placed(knownHosts) }),
    ...(become === "sudo" ? { become } : {}),
    ...(connectTimeout === undefined ? {} : { connectTimeoutMs: connectTimeout }),
  };
}

const alertsOf = ({ timeout, ...same }: WrittenAlerts): Alerts => ({ ...same, timeoutMs: timeout });

const policyOf = (written: WrittenPolicy): Policy => ({
  stabilizeMs: written.stabilize,
  deadAfterMs: written.deadAfter,
  deadlineMs: written.deadline,
  joinTimeoutMs: written.joinTimeout,
  backup: written.backup,
  paused: written.paused,
  moveAll: written.moveAll,
  removeUnfenced: written.removeUnfenced,
  repairTries: written.repairTries,
});
