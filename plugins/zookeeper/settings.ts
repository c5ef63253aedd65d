/**
 * What Quorate writes for ZooKeeper on a node: the settings of a first start, and a unit where there is none.
 *
 * @module
 */
import { text } from "quorate";
import { defaultSettings, ownSettings } from "./drift.ts";
import type { ZooKeeperOptions } from "./options.ts";
import { RESTART, SERVERS } from "./servers.ts";

/** What of a drift is a key of zoo.cfg. */
export const keysOf = (
  { [SERVERS]: _list, [RESTART]: _due, ...keys }: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => keys;

/** `KEY=value` words, for zoo.cfg. */
export const settingWords = (settings: Readonly<Record<string, string>>) =>
  Object.entries(keysOf(settings)).map(([key, value]) => text`${key}=${value}`);

export const ownWords = (o: ZooKeeperOptions) => settingWords({ dataDir: o.dataDir, ...ownSettings(o) });
export const defaultWords = (o: ZooKeeperOptions) => settingWords(defaultSettings(o));

/**
 * Leaders send whole snapshots: what they take for the latest changes may lack the rest where they once were observers
 * (`hollow` in read.ts), and whoever joins begins as one.
 */
export const FORCE_SNAPSHOTS = "-Dzookeeper.forceSnapshotSync=true";

/**
 * Debian's package has no unit. Java ends with 143 when it is told to stop; any other exit code is not restarted: that is
 * for `repairCrashed` to judge.
 */
export const unitFile = (o: ZooKeeperOptions, service: string): string =>
  `[Unit]
Description=ZooKeeper (kept by Quorate)
Wants=network-online.target
After=network-online.target

[Service]
User=${o.user}
EnvironmentFile=-/var/lib/quorate/${service}/java.env
ExecStart=${o.java} ${FORCE_SNAPSHOTS} ${o.jvm === "" ? "" : `${o.jvm} `}-cp ${o.classPath} \\
  org.apache.zookeeper.server.quorum.QuorumPeerMain ${o.config}
SuccessExitStatus=143
Restart=on-abnormal
RestartSec=1
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;
