/**
 * What Quorate writes for etcd on a node: the settings of a first start, and a unit where there is only the binary.
 *
 * @module
 */
import { type Arg, type HostNode, text } from "quorate";
import { ownSettings } from "./drift.ts";
import { type EtcdOptions, peerUrl } from "./options.ts";

/** `KEY=value` words for a node's first start; `cluster` is the initial-cluster list, known now or late. */
export const initialSettings = (
  n: HostNode,
  o: EtcdOptions,
  state: "new" | "existing",
  cluster: string | Extract<Arg, { readonly late: string }>,
): readonly Arg[] => [
  text`ETCD_NAME=${n.name}`,
  text`ETCD_DATA_DIR=${o.dataDir}`,
  text`ETCD_INITIAL_ADVERTISE_PEER_URLS=${peerUrl(n, o)}`,
  text`ETCD_INITIAL_CLUSTER=${cluster}`,
  text`ETCD_INITIAL_CLUSTER_STATE=${state}`,
  ...Object.entries(ownSettings(o, n)).map(([key, value]) => text`${key}=${value}`),
];

/** The unit of a node that has only the binary. An exit code is not restarted: that is for `repairCrashed` to judge. */
export const unitFile = (o: EtcdOptions): string =>
  `[Unit]
Description=etcd (kept by Quorate)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
User=${o.user}
EnvironmentFile=-${o.envFile}
ExecStart=${o.binary}
Restart=on-abnormal
RestartSec=1
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;
