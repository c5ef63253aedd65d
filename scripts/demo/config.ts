/**
 * The config of the demo, as a file has it.
 *
 * @module
 */
import { stringify } from "yaml";
import type { Wish } from "./stage.ts";

/** `ssh` is what the config says of SSH, `addressOf` where a host is. */
export const configText = (
  { nodes, members }: Wish,
  ssh: object,
  addressOf: (host: string) => string,
): string =>
  stringify({
    version: 1,
    ssh,
    nodes: Object.fromEntries(nodes.map((name) => [name, { host: addressOf(name) }])),
    services: { metadata: { plugin: "etcd", members, policy: { stabilize: "1s" } } },
  });
