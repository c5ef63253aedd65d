/**
 * The `options:` of an etcd service, as the config takes them.
 *
 * @module
 */
import type { OptionsSpec } from "quorate";

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
    doc: "The data directory; Quorate sets it aside by renaming it, so its parent must be on the same disk.",
    default: "/var/lib/etcd/default",
    exclusive: "path",
  },
  envFile: {
    kind: "path",
    doc:
      "The environment file of the unit: Quorate keeps its own ETCD_* lines there and leaves all others alone.",
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
    doc:
      "A file on the node with ETCDCTL_* variables (CA, certificate, key, user): credentials never leave the node.",
  },
  user: {
    kind: "string",
    doc: "The user of the unit that Quorate writes where a node has only the binary.",
    default: "etcd",
    pattern: "^[a-z_][a-z0-9_-]{0,31}$",
    example: "etcd",
  },
  binary: { kind: "path", doc: "The etcd program on the node.", default: "/usr/bin/etcd" },
  tls: {
    kind: "group",
    doc: "Certificates on the node; with them, client and peer URLs are https.",
    options: {
      ca: { kind: "path", doc: "The CA that client certificates are checked against.", required: true },
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
        doc: "Whether clients must show a certificate of that CA.",
        default: true,
      },
    },
  },
  env: {
    kind: "map",
    doc: "More ETCD_* variables that Quorate keeps in the environment file.",
    keys: "^ETCD_[A-Z0-9_]+$",
    default: {},
  },
} as const satisfies OptionsSpec;
