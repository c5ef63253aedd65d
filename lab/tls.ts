/**
 * Certificates for etcd: a CA, and for each host a server's, a peer's and a client's.
 *
 * @module
 */
import { exists } from "./place.ts";
import { must, sh } from "./process.ts";
import type { Lab } from "./mod.ts";

/** Where the files are on each host; readable by etcd's user. */
export interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly peerCert: string;
  readonly peerKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
  /** `ETCDCTL_*` variables that name the CA and the client's files, and API 3. */
  readonly ctlEnv: string;
}

const DIR = "/etc/etcd/tls";

const TLS: Tls = {
  ca: `${DIR}/ca.crt`,
  cert: `${DIR}/server.crt`,
  key: `${DIR}/server.key`,
  peerCert: `${DIR}/peer.crt`,
  peerKey: `${DIR}/peer.key`,
  clientCert: `${DIR}/client.crt`,
  clientKey: `${DIR}/client.key`,
  ctlEnv: `${DIR}/ctl.env`,
};

const CTL_ENV = `ETCDCTL_API=3
ETCDCTL_CACERT=${TLS.ca}
ETCDCTL_CERT=${TLS.clientCert}
ETCDCTL_KEY=${TLS.clientKey}
`;

/** The server's and the peers' certificates serve both ways: etcd's gateway and its peers connect with them, too. */
const MAKE = `
  dir=$1 host=$2 address=$3 env=$4
  mkdir -p $dir/$host; cd $dir
  sign() { # name, subject, usage, alternative names
    openssl req -x509 -CA ca.crt -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
      -keyout $host/$1.key -out $host/$1.crt -subj "/CN=$2" -addext basicConstraints=critical,CA:FALSE \
      -addext "extendedKeyUsage=$3" \${4:+-addext "subjectAltName=$4"} 2>/dev/null
  }
  names="DNS:$host,DNS:localhost,IP:$address,IP:127.0.0.1"
  sign server $host serverAuth,clientAuth $names
  sign peer $host serverAuth,clientAuth $names
  sign client root clientAuth ""
  cp ca.crt $host/; printf %s "$env" >$host/ctl.env`;

/** Puts the files on every host that is up; they come from one CA for the lab's life, `lab.dir/tls/ca.crt`. */
export async function installTls(lab: Lab): Promise<Tls> {
  const dir = `${lab.dir}/tls`;
  if (!exists(`${dir}/ca.crt`)) {
    const ca =
      `mkdir -p $1; cd $1; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
      -keyout ca.key -out ca.crt -subj "/CN=quorate-lab" 2>/dev/null`;
    await sh(ca, [dir]);
  }
  await Promise.all(lab.hosts.map(async ({ name, address }) => {
    if (!exists(`${dir}/${name}/ctl.env`)) await sh(MAKE, [dir, name, address, CTL_ENV]);
    const files = await must(["tar", "-C", `${dir}/${name}`, "-c", "."]);
    const script =
      `mkdir -p ${DIR} && tar -x -C ${DIR} && chown -R etcd:etcd ${DIR} && chmod 600 ${DIR}/*.key`;
    await lab.must(name, script, { stdin: files });
  }));
  return TLS;
}
