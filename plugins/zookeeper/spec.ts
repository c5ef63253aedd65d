/**
 * The `options:` of a ZooKeeper service, as the config takes them.
 *
 * @module
 */
import type { OptionsSpec } from "quorate";

/**
 * Keys of zoo.cfg that follow from the other options or from the state of the ensemble. Transaction logs elsewhere would
 * stay behind when the data directory is set aside; sessions that only one server knows of prove nothing about the
 * others; compressed snapshots cannot be read (`zk_needed`).
 */
const OWN = [
  "dataDir",
  "dataLogDir",
  "dynamicConfigFile",
  "reconfigEnabled",
  "standaloneEnabled",
  "db\\.autocreate",
  "snapshot\\.compression\\.method",
  "clientPort",
  "clientPortAddress",
  "server\\..*",
  "group\\..*",
  "weight\\..*",
  "peerType",
  "localSessionsEnabled",
];

export const zookeeperOptions = {
  unit: {
    kind: "string",
    doc: "The systemd unit that runs ZooKeeper; written where there is none.",
    default: "zookeeper.service",
    pattern: "^[A-Za-z0-9:_.@\\\\-]+\\.service$",
    example: "zookeeper.service",
    exclusive: "unit",
  },
  dataDir: {
    kind: "path",
    doc: "The data directory, with myid; set aside by renaming it.",
    default: "/var/lib/zookeeper/data",
    exclusive: "path",
  },
  config: {
    kind: "path",
    doc: "zoo.cfg, in a folder that the server may write to: it keeps the dynamic configuration beside it.",
    default: "/etc/zookeeper/quorate/zoo.cfg",
    exclusive: "path",
  },
  membership: {
    kind: "string",
    doc:
      "dynamic: the ensemble keeps its own list of servers (reconfigEnabled=true); static: the list stands in each " +
      "server's zoo.cfg, and is changed there, one server after the other.",
    default: "dynamic",
    pattern: "^(dynamic|static)$",
    example: "dynamic or static",
  },
  clientPort: {
    kind: "integer",
    doc: "The port of clients.",
    default: 2181,
    min: 1,
    max: 65535,
    exclusive: "port",
  },
  quorumPort: {
    kind: "integer",
    doc: "The port at which followers reach a leader.",
    default: 2888,
    min: 1,
    max: 65535,
    exclusive: "port",
  },
  electionPort: {
    kind: "integer",
    doc: "The port of leader elections.",
    default: 3888,
    min: 1,
    max: 65535,
    exclusive: "port",
  },
  auth: {
    kind: "path",
    doc:
      "A file on the node with `SCHEME CREDENTIALS` of who may reconfigure, e.g. `digest super:…`; left out, each " +
      "node gets a super user of its own, which the unit that Quorate writes lets in.",
  },
  ensemble: {
    kind: "string",
    doc:
      "NAME HIGHEST: what /quorate is to hold where others built the ensemble, its name and the highest id that a server " +
      "of it ever had. The first apply writes it, once; from then on it says nothing.",
    pattern: "^[0-9A-Za-z]{1,64} [0-9]{1,3}$",
    example: "5f3c09a1 3",
  },
  user: {
    kind: "string",
    doc: "The user of the unit that is written where there is none.",
    default: "zookeeper",
    pattern: "^[a-z_][a-z0-9_-]{0,31}$",
    example: "zookeeper",
  },
  java: { kind: "path", doc: "The Java program on the node, 9 or later.", default: "/usr/bin/java" },
  classPath: {
    kind: "string",
    doc: "The class path of the server in a unit that is written, and of ZooKeeper's shell.",
    default: "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar",
    pattern: "^[A-Za-z0-9_./:*+@-]+$",
    example: "/opt/zookeeper/conf:/opt/zookeeper/lib/*",
  },
  jvm: {
    kind: "string",
    doc: "Java's flags in a unit that is written.",
    default: "-Xmx512m -XX:+ExitOnOutOfMemoryError -Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    pattern: "^[A-Za-z0-9_./:=+, -]*$",
    example: "-Xmx2g",
  },
  configureMembers: {
    kind: "boolean",
    doc: "Whether settings of members are kept as told here; false: only nodes that join are configured.",
    default: true,
  },
  settings: {
    kind: "map",
    doc: "More keys to keep in zoo.cfg, without blanks or quotes in their values.",
    keys: `^(?!(?:${OWN.join("|")})$)[A-Za-z0-9_.-]+$`,
    example: "autopurge.purgeInterval, not one that the other options set",
    default: {},
  },
} as const satisfies OptionsSpec;
