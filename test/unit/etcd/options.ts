import type { EtcdOptions, EtcdTls } from "../../../plugins/etcd/options.ts";

export const options: EtcdOptions = {
  unit: "etcd.service",
  dataDir: "/var/lib/etcd/default",
  envFile: "/etc/default/etcd",
  clientPort: 2379,
  peerPort: 2380,
  user: "etcd",
  binary: "etcd",
  configureMembers: true,
  env: {},
};
export const tls: EtcdTls = {
  ca: "/pki/ca.crt",
  cert: "/pki/n.crt",
  key: "/pki/n.key",
  clientCertAuth: true,
};
