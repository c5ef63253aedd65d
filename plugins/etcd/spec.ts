/**
 * The `options:` of an etcd service, as the config takes them.
 *
 * @module
 */
import type { OptionsSpec } from "quorate";

/**
 * ETCD_* variables that follow from the other options or from the state of the cluster. A write-ahead log elsewhere
 * would stay behind when the data directory is set aside.
 */
const OWN = [
  "NAME",
  "DATA_DIR",
  "WAL_DIR",
  "INITIAL_.*",
  "LISTEN_(?:CLIENT|PEER)_URLS",
  "ADVERTISE_CLIENT_URLS",
  "DISCOVERY.*",
  "FORCE_NEW_CLUSTER",
  "(?:PEER_)?(?:CERT_FILE|KEY_FILE|TRUSTED_CA_FILE|CLIENT_CERT_AUTH)",
];

export const etcdOptions = {
  unit: {
    kind: "string",
    doc: "The systemd unit that runs etcd.",
    default: "etcd.service",
    pattern: "^[A-Za-z0-9:_.@\\\\-]+\\.service$",
    example: "etcd.service",
    exclusive: "unit",
  },
  dataDir: {
    kind: "path",
    doc: "The data directory; set aside by renaming it.",
    default: "/var/lib/etcd/default",
    exclusive: "path",
  },
  envFile: {
    kind: "path",
    doc: "The unit's environment file; lines that are not Quorate's stay.",
    default: "/etc/default/etcd",
    exclusive: "path",
  },
  clientPort: {
    kind: "integer",
    doc: "The port of client URLs.",
    default: 2379,
    min: 1,
    max: 65535,
    exclusive: "port",
  },
  peerPort: {
    kind: "integer",
    doc: "The port of peer URLs.",
    default: 2380,
    min: 1,
    max: 65535,
    exclusive: "port",
  },
  ctlEnv: {
    kind: "path",
    doc: "A file on the node with ETCDCTL_* variables: credentials stay there.",
  },
  user: {
    kind: "string",
    doc: "The user of the unit that is written where there is none.",
    default: "etcd",
    pattern: "^[a-z_][a-z0-9_-]{0,31}$",
    example: "etcd",
  },
  binary: { kind: "path", doc: "The etcd program on the node.", default: "/usr/bin/etcd" },
  tls: {
    kind: "group",
    doc: "Certificates on the node; with them, all URLs are https.",
    options: {
      ca: { kind: "path", doc: "The CA that clients' certificates are checked against.", required: true },
      cert: { kind: "path", doc: "The server certificate.", required: true },
      key: { kind: "path", doc: "The key of the server certificate.", required: true },
      clientCert: {
        kind: "path",
        doc: "What etcdctl shows on the node; the server certificate unless told.",
        needs: "clientKey",
      },
      clientKey: { kind: "path", doc: "The key of clientCert.", needs: "clientCert" },
      peerCa: { kind: "path", doc: "The CA of the peers; ca unless told." },
      peerCert: { kind: "path", doc: "The certificate between peers; cert unless told.", needs: "peerKey" },
      peerKey: { kind: "path", doc: "The key of peerCert.", needs: "peerCert" },
      clientCertAuth: {
        kind: "boolean",
        doc: "Whether clients must show a certificate of ca.",
        default: true,
      },
      peerClientCertAuth: {
        kind: "boolean",
        doc: "Whether peers must show a certificate of peerCa; as clientCertAuth unless told.",
      },
    },
  },
  configureMembers: {
    kind: "boolean",
    doc: "Whether settings of members are kept as told here; false: only nodes that join are configured.",
    default: true,
  },
  env: {
    kind: "map",
    doc: "More ETCD_* variables to keep in envFile.",
    keys: `^ETCD_(?!(?:${OWN.join("|")})$)[A-Z0-9_]+$`,
    example: "ETCD_QUOTA_BACKEND_BYTES, not one that the other options set",
    default: {},
  },
} as const satisfies OptionsSpec;
