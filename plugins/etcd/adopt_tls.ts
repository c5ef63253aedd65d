/**
 * The certificates of a cluster that others built, as one set of options says them.
 *
 * @module
 */
import { isPath, type Remark, type WrittenOptions } from "quorate";
import type { Found } from "./found.ts";
import type { EtcdTls } from "./options.ts";

export type Scheme = "http" | "https";

interface Host {
  readonly name: string;
  readonly etcd: Found | undefined;
}

export interface Tls {
  /** Undefined without TLS, or where it cannot be said. */
  readonly options: EtcdTls | undefined;
  /** `tls` and `ctlEnv` of the options; which credentials etcdctl may show can only be tried. */
  readonly ways: readonly WrittenOptions[];
  readonly remarks: readonly Remark[];
}

const FILES = {
  ca: "ETCD_TRUSTED_CA_FILE",
  cert: "ETCD_CERT_FILE",
  key: "ETCD_KEY_FILE",
  peerCa: "ETCD_PEER_TRUSTED_CA_FILE",
  peerCert: "ETCD_PEER_CERT_FILE",
  peerKey: "ETCD_PEER_KEY_FILE",
} as const;

/** What the options say of TLS on these hosts. */
export function tlsOf(hosts: readonly Host[], scheme: Scheme): Tls {
  const running = hosts.flatMap(({ name, etcd }) => etcd === undefined ? [] : [{ name, etcd }]);
  const ctlEnv = same(running.map((h) => h.etcd.ctlEnv));
  const withEnv = ctlEnv === undefined ? [] : [{ ctlEnv }];
  if (scheme === "http") return { options: undefined, ways: [{}, ...withEnv], remarks: [] };
  const stop = (what: string, now: string): Tls => ({
    options: undefined,
    ways: [{}],
    remarks: [{ kind: "stop", what, now }],
  });
  const auto = running.filter(({ etcd: { settings } }) =>
    isOn(settings.ETCD_AUTO_TLS) || isOn(settings.ETCD_PEER_AUTO_TLS)
  );
  if (auto.length > 0) {
    return stop(
      `etcd makes its certificates itself on ${
        auto.map((h) => h.name).join(", ")
      } (auto-tls): nobody can check them`,
      "give the members certificates of a CA",
    );
  }
  const settings = running.map((h) => h.etcd.settings);
  const of = (key: keyof typeof FILES) =>
    settings.map((s) => isPath(s[FILES[key]]) ? s[FILES[key]] : undefined);
  const remarks: Remark[] = [];
  /** One path for all; where hosts have names of their own, one that a link on each of them can have. */
  const path = (key: keyof typeof FILES, values = of(key)): string | undefined => {
    const [first] = values;
    if (first === undefined || values.includes(undefined)) return undefined;
    if (same(values) !== undefined) return first;
    const one = commonName(values.flatMap((v) => v ?? []), key);
    if (remarks.every((r) => !r.what.includes(one))) {
      const links = running.map(({ name, etcd }) => `on ${name}: ln -s ${etcd.settings[FILES[key]]} ${one}`);
      remarks.push({
        kind: "note",
        what: `${FILES[key]} has a name of its own on each host; options.tls has one for all, here ${one}`,
        now: `give each host a link of that name (${links.join("; ")}), and nodes that join a file`,
      });
    }
    return one;
  };
  const cert = path("cert"), key = path("key"), ca = path("ca") ?? path("peerCa");
  if (cert === undefined || key === undefined || ca === undefined) {
    return stop(
      `which certificates etcd uses cannot be told: ${
        Object.values(FILES).slice(0, 3).filter((k) => settings.some((s) => !s[k])).join(", ")
      } is not set on every host`,
      "set them for all members alike, with the CA that signed them, and try again",
    );
  }
  const peerCert = path("peerCert"), peerKey = path("peerKey"), peerCa = path("peerCa");
  const clientAuth = settings.some((s) => isOn(s.ETCD_CLIENT_CERT_AUTH));
  const peerAuth = settings.some((s) => isOn(s.ETCD_PEER_CLIENT_CERT_AUTH));
  const options: EtcdTls = {
    ca,
    cert,
    key,
    ...(peerCa === undefined || peerCa === ca ? {} : { peerCa }),
    ...(peerCert === undefined || peerKey === undefined || peerCert === cert ? {} : { peerCert, peerKey }),
    clientCertAuth: clientAuth,
    ...(peerAuth === clientAuth ? {} : { peerClientCertAuth: peerAuth }),
  };
  const { clientCertAuth, ...rest } = options;
  const written = { ...rest, ...(clientCertAuth ? {} : { clientCertAuth }) };
  const { peerCert: asPeer, peerKey: asPeerKey } = options;
  return {
    options,
    ways: [
      // A server's certificate may not be for clients; a peer's is for both, as peers connect with it.
      { tls: written },
      ...(asPeer === undefined || asPeerKey === undefined
        ? []
        : [{ tls: { ...written, clientCert: asPeer, clientKey: asPeerKey } }]),
      ...withEnv.map((one) => ({ ...one, tls: written })),
    ],
    remarks,
  };
}

/** As Go reads a switch. */
const isOn = (value: string | undefined): boolean => /^(1|t|T|true|True|TRUE)$/.test(value ?? "");
const same = (values: readonly (string | undefined)[]): string | undefined =>
  new Set(values).size === 1 ? values[0] : undefined;

/** `/pki/member-n1.pem` and `/pki/member-n2.pem`: `/pki/member.pem`. */
function commonName(paths: readonly string[], key: string): string {
  const [first = "", ...others] = paths;
  const shared = (length: number, of: (p: string, n: number) => string) => {
    let n = 0;
    while (n < length && others.every((o) => of(o, n + 1) === of(first, n + 1))) n++;
    return n;
  };
  const begin = first.slice(0, shared(first.length, (p, n) => p.slice(0, n)));
  const end = first.slice(first.length - shared(first.length - begin.length, (p, n) => p.slice(-n)));
  const folder = begin.slice(0, begin.lastIndexOf("/") + 1);
  const name = begin.slice(folder.length).replace(/[-_.]+$/, "");
  const extension = /^[-_.][A-Za-z0-9._-]+$/.test(end) ? end : ".pem";
  if (name !== "" && folder.startsWith("/")) return `${folder}${name}${extension}`;
  return `${folder.startsWith("/") && folder !== "/" ? folder : "/etc/etcd/"}${key}${extension}`;
}
