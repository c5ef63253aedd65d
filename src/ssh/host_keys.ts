/**
 * Whether a host is who it says: its key against the known_hosts files, and what to do when it is not among them.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
// @ts-types="@types/ssh2"
import type { ServerHostKeyAlgorithm } from "ssh2";
import {
  type HostName,
  type HostVerdict,
  type KnownHosts,
  knownHosts,
  lookupNames,
  parseKnownHosts,
} from "./known_hosts.ts";
import { keyTypeOf } from "./known_hosts.ts";
import { shellWord } from "./trouble.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Trouble } from "../model/fleet.ts";

/** In the order of OpenSSH 9. SHA-1 signatures (`ssh-rsa`) are not taken, as OpenSSH has not since 8.8. */
const ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** What came of a host key. `askFor`: known are other types, which the host was not asked for first. */
export type Judgement = "known" | { readonly askFor: readonly string[] } | Trouble;

/** The known_hosts files of all endpoints, each read once. */
export class HostKeys {
  readonly #known = new Map<string, KnownHosts>();

  /** The key types known for an endpoint, as far as they can be told without hashing. */
  types(endpoint: Endpoint): readonly string[] {
    return this.#of(endpoint).plainTypes(nameOf(endpoint));
  }

  /** Judges a key in wire form. `asked`: the types that the host was asked for first. */
  judge(endpoint: Endpoint, key: Uint8Array, asked: readonly string[]): Judgement {
    const verdict = this.#of(endpoint).verdict(nameOf(endpoint), key);
    if (verdict.kind === "known") return "known";
    if (verdict.kind === "unknown" && verdict.otherTypes.some((type) => !asked.includes(type))) {
      return { askFor: verdict.otherTypes };
    }
    return trouble(endpoint, key, verdict);
  }

  #of({ knownHosts: files }: Endpoint): KnownHosts {
    const id = files.join("\n");
    const known = this.#known.get(id) ?? knownHosts(files.flatMap(readKnownHosts));
    this.#known.set(id, known);
    return known;
  }
}

/**
 * The algorithms to offer: those of the known types first, so that a host whose ed25519 key is known is not asked for
 * its ECDSA key. The others stay, as with OpenSSH: a host that has none of the known keys is then named with the
 * fingerprint that it does show.
 */
export function hostKeyAlgorithms(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string) => types.includes(algorithm.replace(/^rsa-sha2-.*/, "ssh-rsa"));
  return [...ALGORITHMS.filter(isKnown), ...ALGORITHMS.filter((algorithm) => !isKnown(algorithm))];
}

/** A key's fingerprint as OpenSSH prints it. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

function nameOf({ host, port, hostKeyAlias }: Endpoint): HostName {
  return hostKeyAlias === undefined ? { host, port } : { host, port, alias: hostKeyAlias };
}

function readKnownHosts(file: string) {
  try {
    return parseKnownHosts(Deno.readTextFileSync(file), file);
  } catch {
    return []; // not there, or not ours to read: what it holds is not known
  }
}

function trouble(
  endpoint: Endpoint,
  key: Uint8Array,
  verdict: Exclude<HostVerdict, { kind: "known" }>,
): Trouble {
  const type = keyTypeOf(key) ?? "unknown";
  const name = lookupNames(nameOf(endpoint))[0] ?? endpoint.host;
  const files = endpoint.knownHosts;
  const shown = `${endpoint.name} (${name}) shows the ${type} key ${fingerprint(key)}`;
  const line = `${name} ${type} ${Buffer.from(key).toString("base64")}`;
  const add = `echo ${shellWord(line)} >> ${shellWord(files[0] ?? "~/.ssh/known_hosts")}`;
  const compare = `compare it with "ssh-keygen -lf ${keyFile(type)}" on the host itself`;
  if (verdict.kind === "unknown") {
    const others = verdict.otherTypes.length === 0
      ? ""
      : `; known are only its ${verdict.otherTypes.join(", ")} keys`;
    const authority = verdict.certAuthority
      ? "; its @cert-authority line is not looked at: host certificates are not supported"
      : "";
    return {
      code: "hostKeyUnknown",
      detail: `${shown}, which is not in ${files.join(", ") || "any file"}${others}${authority}`,
      unblock: `${compare}; if they are equal: ${add}`,
    };
  }
  const { file, line: number, key: stored } = verdict.line;
  if (verdict.kind === "revoked") {
    return {
      code: "hostKeyRevoked",
      detail: `${shown}, which ${file}:${number} marks as revoked`,
      unblock: "give the host a new host key, and add that one to known_hosts",
    };
  }
  return {
    code: "hostKeyChanged",
    detail: `${shown}, but ${file}:${number} has ${fingerprint(Buffer.from(stored, "base64"))}: ` +
      "the host was set up anew, or somebody stands in between",
    unblock: `${compare}; if they are equal: ssh-keygen -R ${shellWord(name)} -f ${
      shellWord(file)
    } && ${add}`,
  };
}

/** Where a host keeps the key of a type (sshd_config(5), HostKey). */
function keyFile(type: string): string {
  const kind = type.startsWith("ecdsa") ? "ecdsa" : type.replace("ssh-", "");
  return `/etc/ssh/ssh_host_${kind}_key.pub`;
}
