/**
 * What a config says, read and checked.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Policy } from "../model/observation.ts";
import type { Options } from "../playbook/options.ts";
import type { SshSettings } from "../ssh/settings.ts";

export interface Config {
  /** The file, as it was found. */
  readonly path: string;
  /** The settings for all nodes; those of a node are laid over them already. */
  readonly ssh: SshSettings;
  /** In config order. */
  readonly nodes: readonly NodeConfig[];
  readonly services: readonly ServiceConfig[];
}

export interface NodeConfig extends HostNode {
  readonly ssh: SshSettings;
}

export interface ServiceConfig {
  readonly name: string;
  /** The name of a plugin that the reader was given. */
  readonly plugin: string;
  /** The desired members, in config order. */
  readonly members: readonly HostNode[];
  /** Read by the plugin's own spec, so its `bind` takes them. */
  readonly options: Options;
  readonly policy: Policy;
  /** Reserved for playbooks of one's own: always absent in this version. */
  readonly playbook?: string;
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
}
