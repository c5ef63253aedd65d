/**
 * What a config says, read and checked.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Policy } from "../model/observation.ts";
import type { Options, Plugin } from "../playbook/options.ts";
import type { Cases } from "../playbook/playbook.ts";
import type { Service } from "../playbook/plugin.ts";
import type { SshSettings } from "../ssh/settings.ts";

export interface Config {
  /** The file, as it was found. */
  readonly path: string;
  /** The settings for all nodes; those of a node are laid over them already. */
  readonly ssh: SshSettings;
  /** Where several managers keep leases; left out, there is one manager. */
  readonly lock?: LockSettings;
  /** In config order. */
  readonly nodes: readonly NodeConfig[];
  readonly services: readonly ServiceConfig[];
  readonly metrics?: { readonly textfile: string };
  readonly alerts?: Alerts;
}

/** Who is told of what. */
export interface Alerts {
  readonly webhook?: string;
  readonly command?: readonly string[];
  readonly on: readonly ("change" | "refusal" | "failure" | "quorumLost" | "recovery")[];
  readonly timeoutMs: number;
}

export interface LockSettings {
  /** A service of this config, or URLs. */
  readonly etcd: string | readonly string[];
  readonly ttlMs: number;
  /** Before the service's name in etcd's keys. */
  readonly prefix: string;
  /** PEM files on the management node; `~` is the home directory. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface NodeConfig extends HostNode {
  readonly ssh: SshSettings;
}

export interface ServiceConfig {
  readonly name: string;
  readonly plugin: Plugin;
  /** Where the plugin is the operator's own: its file. */
  readonly own?: Own;
  /** The desired members, in config order. */
  readonly members: readonly HostNode[];
  /** Read by the plugin's own spec, so its `bind` takes them. */
  readonly options: Options;
  readonly policy: Policy;
  /** The operator's own playbook instead of the plugin's. */
  readonly playbook?: OwnPlaybook;
}

/** What comes from a file of the operator's own. */
export interface Own {
  readonly path: string;
  /** What the file throws or gives that is wrong becomes a refusal of this service, and touches no other. */
  guard(service: Service): Service;
}
export interface OwnPlugin extends Own {
  readonly plugin: Plugin;
}
export interface OwnPlaybook extends Own {
  readonly cases: Cases<unknown>;
}

/** Loads what a config names by a path. What is wrong with a file is a problem in that file. */
export interface OwnFiles {
  plugin(path: string): Promise<OwnPlugin | Problem>;
  playbook(path: string): Promise<OwnPlaybook | Problem>;
}

/** Something wrong, and where; lines and columns count from 1, line 0 is the file as a whole. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** The column after the last one that is marked, on the same line. */
  readonly endColumn?: number | undefined;
  readonly message: string;
  /** What would be right. */
  readonly expected?: string | undefined;
  /** The nearest valid name. */
  readonly didYouMean?: string | undefined;
  readonly hint?: string | undefined;
  /** The text of the file, where it is another one than the config. */
  readonly text?: string;
}
