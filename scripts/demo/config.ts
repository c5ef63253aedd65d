/**
 * The config of the demo, as a file has it.
 *
 * @module
 */
import { stringify } from "yaml";
import type { Wish } from "./stage.ts";

/** `ssh` is what the config says of SSH, `addressOf` where a host is, `service` what kind of service it is. */
export const configText = (
  { nodes, members }: Wish,
  ssh: object,
  addressOf: (host: string) => string,
  service: object = { metadata: { plugin: "etcd" } },
): string =>
  stringify({
    version: 1,
    ssh,
    nodes: Object.fromEntries(nodes.map((name) => [name, { host: addressOf(name) }])),
    services: Object.fromEntries(
      Object.entries(service).map(([name, one]) => [name, { ...one, members, policy: { stabilize: "1s" } }]),
    ),
  });
