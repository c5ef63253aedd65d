/**
 * What a metad service's `options:` say, and what follows from them.
 *
 * @module
 */
import type { HostNode, Kept, OptionsOf, OptionsSpec } from "quorate";

export const spec = {
  unit: {
    kind: "string",
    doc: "The systemd unit that runs metad.",
    default: "metad.service",
    pattern: "^[A-Za-z0-9:_.@-]+\\.service$",
    example: "metad.service",
    exclusive: "unit",
  },
  dataDir: {
    kind: "path",
    doc: "The data directory; set aside by renaming it.",
    default: "/var/lib/metad/data",
    exclusive: "path",
  },
  envFile: {
    kind: "path",
    doc: "The unit's environment file; lines that are not Quorate's stay.",
    default: "/etc/default/metad",
    exclusive: "path",
  },
  port: {
    kind: "integer",
    doc: "The port of members and clients.",
    default: 7400,
    min: 1,
    max: 65535,
    exclusive: "port",
  },
} as const satisfies OptionsSpec;

/** What the cases of the playbook get: the service's options, every host of the config, and its name. */
export interface Metad {
  readonly options: OptionsOf<typeof spec>;
  readonly nodes: readonly HostNode[];
}

export const urlOf = ({ address }: HostNode, { options: { port } }: Metad): string =>
  `http://${address.includes(":") ? `[${address}]` : address}:${port}`;

/** What the pieces that Quorate has for every service need to know. */
export const kept = (service: string, { options: { unit, dataDir } }: Metad): Kept => ({
  service,
  unit,
  dataDir,
  process: "metad",
  diskId: "metad_disk_id",
});
