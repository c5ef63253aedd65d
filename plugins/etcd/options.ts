/**
 * What an etcd service's `options:` say, and the URLs that follow from them.
 *
 * @module
 */
import type { HostNode } from "quorate";

export interface EtcdTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** What `etcdctl` shows on the node; the server's own certificate unless told. */
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly peerCa?: string;
  readonly peerCert?: string;
  readonly peerKey?: string;
  readonly clientCertAuth: boolean;
  /** As `clientCertAuth` unless told. */
  readonly peerClientCertAuth?: boolean;
}

export interface EtcdOptions {
  readonly unit: string;
  readonly dataDir: string;
  readonly envFile: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** A file on the node with `ETCDCTL_*` variables: credentials never leave the node. */
  readonly ctlEnv?: string;
  /** The user of the unit that Quorate renders where the node has only the binary. */
  readonly user: string;
  readonly binary: string;
  readonly tls?: EtcdTls;
  /** False: members keep the settings that others gave them, and only nodes that join are configured. */
  readonly configureMembers: boolean;
  /** More `ETCD_*` variables that Quorate keeps in the environment file. */
  readonly env: Readonly<Record<string, string>>;
}

export const scheme = (o: EtcdOptions): "http" | "https" => (o.tls ? "https" : "http");
const authority = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
export const clientUrl = (n: HostNode, o: EtcdOptions): string =>
  `${scheme(o)}://${authority(n.address, o.clientPort)}`;
export const peerUrl = (n: HostNode, o: EtcdOptions): string =>
  `${scheme(o)}://${authority(n.address, o.peerPort)}`;
