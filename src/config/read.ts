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
import { memberProblems, pluginProblem, sameHosts, warnings } from "./checks.ts";
import type { Config, NodeConfig, Problem, ServiceConfig } from "./config.ts";
import { optionProblems, sharedOnNodes } from "./conflicts.ts";
import { isMap, keyProblems, labelOf } from "./keys.ts";
import { fileSchema, nodeSchema, serviceSchema, type WrittenPolicy, type WrittenSsh } from "./schema.ts";
import { type Finding, type Place, readSource, type Source } from "./source.ts";

export interface Reading {
  /** Only where no problem is an error. */
  readonly config?: Config;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

/** Reads a config. `path` is for messages, and relative files start at its folder; nothing is opened. */
export function parseConfig(text: string, path: string, plugins: readonly Plugin[]): Reading {
  const { source, problems } = readSource(text, path);
  if (source === undefined) return { problems };
  if (source.value === null || source.value === undefined) {
    return { problems: [...problems, source.problem("error", [], EMPTY)] };
  }
  const { config, findings } = readValue(source, path, plugins);
  const all = [
    ...problems,
    ...findings.map((f) => source.problem(f.severity ?? "error", f.place, f.said, f.on)),
  ];
  const sorted = [...new Map(all.map((p) => [JSON.stringify(p), p])).values()]
    .sort((a, b) => a.line - b.line || a.column - b.column);
  return sorted.some((p) => p.severity === "error") ? { problems: sorted } : { problems: sorted, config };
}
const EMPTY = { message: "the file is empty", hint: "`quorate init` writes one to start with" };

function readValue(source: Source, path: string, plugins: readonly Plugin[]) {
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
  const named = new Set(entries(written.nodes).map(([name]) => name));

  const services = entries(written.services).flatMap(([name, value]): readonly ServiceConfig[] => {
    const place = ["services", name];
    const raw = isMap(value) ? value : {};
    const plugin = plugins.find((p) => p.name === raw.plugin);
    const service = read(serviceSchema(plugin), value, place);
    const wrong = [
      ...pluginProblem(raw, plugins, place),
      ...(named.size === 0 ? [] : memberProblems(raw.members, named, [...place, "members"])),
    ];
    findings.push(...wrong);
    if (service === undefined || plugin === undefined) return [];
    const one: ServiceConfig = {
      name,
      plugin: plugin.name,
      members: [...new Set(service.members)].flatMap((m) => byName.get(m) ?? []),
      options: service.options,
      policy: policyOf(service.policy),
    };
    findings.push(
      ...optionProblems(plugin.options, one.options, [...place, "options"]),
      ...warnings(name, service.members.length, one.policy, raw.policy, place),
    );
    return [one];
  });
  findings.push(...sameHosts(nodes), ...sharedOnNodes(services, plugins));

  const config: Config = { path, ssh: sshSettings(ssh, folder), nodes, services };
  return { findings, config };
}

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
  const written = source.written(place);
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

function sshSettings(written: WrittenSsh, folder: string): SshSettings {
  const { become, connectTimeout, identityFiles, knownHosts, ...same } = written;
  const placed = (files: readonly string[]) =>
    files.map((one) => isAbsolute(one) || one.startsWith("~") ? one : join(folder, one));
  return {
    ...same,
    ...(identityFiles === undefined ? {} : { identityFiles: placed(identityFiles) }),
    ...(knownHosts === undefined ? {} : { knownHosts: placed(knownHosts) }),
    ...(become === "sudo" ? { become } : {}),
    ...(connectTimeout === undefined ? {} : { connectTimeoutMs: connectTimeout }),
  };
}

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
