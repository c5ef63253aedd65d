/**
 * How a plugin says which `options:` its services take: as plain data, from which the config reader, its messages and
 * the JSON Schema for editors are all made.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Service } from "./plugin.ts";
import type { Observation } from "../model/observation.ts";
import type { Late } from "./command.ts";
import { lateValue } from "./place.ts";
import type { Adopt } from "./adopt.ts";
import { type Cases, stepsOf } from "./playbook.ts";
import type { SnapshotBytes, SnapshotSight } from "./snapshot.ts";

interface About {
  /** One sentence for editors and error messages. */
  readonly doc: string;
  /** The sibling option that must be given wherever this one is (a certificate needs its key). */
  readonly needs?: string;
  /** What two services on one node, or two options of one service, must not share: they would break each other. */
  readonly exclusive?: "unit" | "path" | "port";
}

/** An option with a default is always there, a required one must be written, any other may be absent. */
type Presence<T> =
  | { readonly default: T; readonly required?: never }
  | { readonly default?: never; readonly required?: boolean };

export type OptionSpec =
  & About
  & (
    /** Text without control characters; `pattern` is a regular expression, `example` what to show when it fails. */
    | { readonly kind: "string"; readonly pattern?: string; readonly example?: string } & Presence<string>
    /** An absolute path on the node. */
    | { readonly kind: "path" } & Presence<string>
    | { readonly kind: "integer"; readonly min?: number; readonly max?: number } & Presence<number>
    | { readonly kind: "boolean" } & Presence<boolean>
    /** Written as `500ms`, `5s`, `10m` or `1h`, also as the default; read in milliseconds. */
    | { readonly kind: "duration" } & Presence<string>
    /** Text by name; `keys` is a regular expression for the names, `example` what to show when one fails. */
    | { readonly kind: "map"; readonly keys?: string; readonly example?: string }
      & Presence<Readonly<Record<string, string>>>
    /** Options that are there, or absent as a whole. */
    | {
      readonly kind: "group";
      readonly options: OptionsSpec;
      readonly default?: never;
      readonly required?: never;
    }
  );

export type OptionsSpec = { readonly [name: string]: OptionSpec };

interface Kinds {
  readonly string: string;
  readonly path: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly duration: number;
  readonly map: Readonly<Record<string, string>>;
}
type ValueOf<O extends OptionSpec> = O extends { readonly kind: keyof Kinds } ? Kinds[O["kind"]]
  : O extends { readonly options: infer S extends OptionsSpec } ? OptionsOf<S>
  : never;
type Sure = { readonly default: unknown } | { readonly required: true };

/** What reading options by a spec gives. */
export type OptionsOf<S extends OptionsSpec> =
  & { readonly [K in keyof S as S[K] extends Sure ? K : never]: ValueOf<S[K]> }
  & { readonly [K in keyof S as S[K] extends Sure ? never : K]?: ValueOf<S[K]> };

/** Options that were read by some spec. */
export type Options = { readonly [name: string]: OptionValue | undefined };
export type OptionValue = string | number | boolean | Options;

/** What a plugin is bound to: one service of a config. */
export interface Binding<O = Options> {
  readonly name: string;
  readonly options: O;
  /** Every host under `nodes:`. */
  readonly nodes: readonly HostNode[];
}

/** A plugin as the config and the engine see it. */
export interface Plugin {
  readonly name: string;
  readonly options: OptionsSpec;
  /**
   * Binds it to a service, with its own playbook or another one. Throws TypeError for options that were not read by this
   * plugin's own spec.
   */
  bind(to: Binding, playbook?: Cases<unknown>): Service;
  /** How it takes over what others built (`quorate init --from`); left out: it does not. */
  readonly adopt?: Adopt;
  /** What a snapshot file that its playbook fetched holds; left out: nobody can tell. */
  readSnapshot?(file: SnapshotBytes): Promise<SnapshotSight>;
}

/** What a plugin may leave out, and what stands for it. */
interface Optional {
  /** No programs beyond those that every node needs. */
  readonly programs?: Service["programs"];
  /** No functions of its own. */
  readonly shell?: Service["shell"];
  /** Nobody can tell about a member whose own node cannot be asked (S4). */
  readonly askPeers?: Service["askPeers"];
  readonly readPeers?: Service["readPeers"];
  /** No setting is looked after. */
  readonly drift?: Service["drift"];
  readonly outdated?: NonNullable<Service["outdated"]>;
  /** No rules of versions. */
  readonly forbids?: Service["forbids"];
  /** The values `clusterId` and `voters` (node names with commas between) are there for every service. */
  readonly derived?: Service["derived"];
  /** A runbook shows the value as it is now, or a word that a person has to replace. */
  readonly lateShell?: (...args: Parameters<Service["lateShell"]>) => string | undefined;
  /** A person has to see for themselves. */
  readonly probeShell?: Service["probeShell"];
  /** A lost quorum stays lost, whatever a person says. */
  readonly survey?: Service["survey"];
  readonly cannotRestore?: Service["cannotRestore"];
}

/** A service as its plugin describes it: all but its steps, which its playbook gives. */
export type Described<B> =
  & Omit<Service, "plugin" | "name" | "steps" | keyof Optional>
  & Optional
  & {
    /** What the cases of the playbook find as `options`. */
    readonly facts: B;
  };

/**
 * Makes a plugin. `describe` gets the options as its own spec types them; the playbook's cases get what `describe` gives
 * as `facts`.
 *
 * @example
 * ```ts
 * import { type Cases, definePlugin, type Described } from "quorate";
 *
 * interface Kept {
 *   readonly unit: string;
 *   readonly port: number | undefined;
 * }
 * export const pluginOf = (playbook: Cases<Kept>, described: (kept: Kept) => Described<Kept>) =>
 *   definePlugin({
 *     name: "example",
 *     options: {
 *       unit: { kind: "string", doc: "The systemd unit.", default: "example.service" },
 *       port: { kind: "integer", doc: "The client port.", min: 1, max: 65535 },
 *     },
 *     playbook,
 *     describe: ({ options }) => described({ unit: options.unit, port: options.port }),
 *   });
 * ```
 */
export const definePlugin = <const S extends OptionsSpec, B>(plugin: {
  readonly name: string;
  readonly options: S;
  readonly playbook: Cases<B>;
  describe(to: Binding<OptionsOf<S>>): Described<B>;
  readonly adopt?: Adopt;
  readSnapshot?(file: SnapshotBytes): Promise<SnapshotSight>;
}): Plugin => ({
  name: plugin.name,
  options: plugin.options,
  ...(plugin.adopt === undefined ? {} : { adopt: plugin.adopt }),
  ...(plugin.readSnapshot === undefined ? {} : { readSnapshot: plugin.readSnapshot }),
  bind({ name, options, nodes }, playbook) {
    if (!areOptionsOf(plugin.options, options)) {
      throw new TypeError(`Cannot bind ${plugin.name} to ${name}: its options were not read by its own spec`);
    }
    const { facts, ...own } = plugin.describe({ name, options, nodes });
    const cases: Cases<B> = playbook ?? plugin.playbook;
    const derived: Service["derived"] = (key, seen, desired) =>
      own.derived?.(key, seen, desired) ?? clusterValue(key, seen);
    return {
      programs: [],
      shell: "",
      askPeers: () => "",
      readPeers: (_, members) => Object.fromEntries(members.map((m) => [m.id, "unknown"])),
      drift: () => ({ settings: {} }),
      forbids: () => undefined,
      probeShell: () => undefined,
      survey: undefined,
      cannotRestore: undefined,
      ...own,
      plugin: plugin.name,
      name,
      derived,
      lateShell: (late, seen, desired) =>
        own.lateShell?.(late, seen, desired) ??
          `echo ${lateValue(late, seen, { derived }, desired) ?? `REPLACE-WITH-${lateName(late)}`}`,
      steps: (change, context) => stepsOf(cases, change, { ...context, service: name, options: facts }),
    };
  },
});

/** Values that follow from the record of any service; only the linearizable one counts (S2). */
function clusterValue(key: string, seen: Observation): string | undefined {
  if (seen.state !== "held") return undefined;
  if (key === "clusterId") return seen.clusterId;
  if (key !== "voters") return undefined;
  return seen.members.flatMap((m) => m.role === "voter" && m.node !== undefined ? [m.node] : []).sort()
    .join();
}
const lateName = (late: Late): string =>
  late.late === "derived" ? late.key : `id-of-${"node" in late.of ? late.of.node : late.of.member}`;

/** Whether a value is what reading by this spec would give. */
export function areOptionsOf<S extends OptionsSpec>(spec: S, value: unknown): value is OptionsOf<S> {
  if (typeof value !== "object" || value === null) return false;
  const given = new Map<string, unknown>(Object.entries(value));
  return Object.entries(spec).every(([name, option]) => {
    const one = given.get(name);
    if (one === undefined) return option.default === undefined && option.required !== true;
    switch (option.kind) {
      case "string":
      case "path":
        return typeof one === "string";
      case "integer":
      case "duration":
        return typeof one === "number";
      case "boolean":
        return typeof one === "boolean";
      case "map":
        return typeof one === "object" && one !== null &&
          Object.values(one).every((text) => typeof text === "string");
      case "group":
        return areOptionsOf(option.options, one);
    }
  });
}
