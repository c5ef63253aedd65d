/**
 * The known_hosts format of OpenSSH (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), read without any I/O: plain and hashed
 * names, `[host]:port`, wildcards, negation, `@revoked` and `@cert-authority`.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";

/** One usable line of a known_hosts file. */
export interface KnownHostLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly marker: "none" | "revoked" | "certAuthority";
  /** The first field as written: patterns joined by commas, or one hashed name. */
  readonly hosts: string;
  /** The key's type, such as `ssh-ed25519`. */
  readonly type: string;
  /** The key in base64, as written. */
  readonly key: string;
}

/** What the known keys say about a key that a host showed. */
export type HostVerdict =
  | { readonly kind: "known"; readonly line: KnownHostLine }
  | { readonly kind: "revoked"; readonly line: KnownHostLine }
  /** The host is known with a key of the same type, but another one. */
  | { readonly kind: "changed"; readonly line: KnownHostLine }
  /** No key of this type is known; `otherTypes` are the types of keys that are, best first as in the files. */
  | { readonly kind: "unknown"; readonly otherTypes: readonly string[]; readonly certAuthority: boolean };

/** A host as known_hosts knows it. */
export interface HostName {
  readonly host: string;
  readonly port: number;
  /** `HostKeyAlias`: looked up as it is, without a port. */
  readonly alias?: string;
}

/** The keys of several files, ready to be asked. */
export interface KnownHosts {
  /** Judges a host key given in its wire form. */
  verdict(name: HostName, key: Uint8Array): HostVerdict;
  /**
   * The key types known for a host from the lines that are not hashed: asking hashed ones costs an HMAC a line and
   * host, which is left for the case that the first key shown was not among the known ones.
   */
  plainTypes(name: HostName): readonly string[];
}

/**
 * Parses one file's text. Lines that cannot be read are left out, as OpenSSH does: they can only make a host unknown.
 *
 * @example
 * ```ts
 * import { parseKnownHosts } from "./known_hosts.ts";
 *
 * const key = "AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
 * const [line] = parseKnownHosts(`[db1]:2222 ssh-ed25519 ${key}\n`, "~/.ssh/known_hosts");
 * if (line?.hosts !== "[db1]:2222") throw new Error("not read");
 * ```
 */
export function parseKnownHosts(text: string, file: string): readonly KnownHostLine[] {
  const lines: KnownHostLine[] = [];
  text.split("\n").forEach((raw, index) => {
    const fields = raw.trim().split(/[ \t]+/);
    let marker: KnownHostLine["marker"] = "none";
    if (fields[0]?.startsWith("@")) {
      const word = fields.shift();
      if (word === "@revoked") marker = "revoked";
      else if (word === "@cert-authority") marker = "certAuthority";
      else return;
    }
    const [hosts, type, key] = fields;
    if (!hosts || hosts.startsWith("#") || !type || !key) return;
    if (keyTypeOf(Buffer.from(key, "base64")) !== type) return;
    lines.push({ file, line: index + 1, marker, hosts, type, key: key.replace(/=+$/, "") });
  });
  return lines;
}

/** The type that a key in wire form names itself, or undefined when it is not a key. */
export function keyTypeOf(key: Uint8Array): string | undefined {
  if (key.length < 4) return undefined;
  const length = new DataView(key.buffer, key.byteOffset).getUint32(0);
  if (length === 0 || length > 64 || key.length < 4 + length) return undefined;
  return new TextDecoder().decode(key.subarray(4, 4 + length));
}

/** Makes lines of several files ready to be asked. */
export function knownHosts(lines: readonly KnownHostLine[]): KnownHosts {
  const byKey = new Map<string, KnownHostLine[]>();
  for (const line of lines) {
    const same = byKey.get(line.key);
    if (same) same.push(line);
    else byKey.set(line.key, [line]);
  }
  const plain = plainIndex(lines);
  return {
    verdict(name, key) {
      const type = keyTypeOf(key) ?? "";
      const text = Buffer.from(key).toString("base64").replace(/=+$/, "");
      const names = lookupNames(name);
      // Lines with this very key first: most hosts are settled here, without an HMAC for every line of the file.
      const same = (byKey.get(text) ?? []).filter((line) => names.some((n) => namesHost(line.hosts, n)));
      const revoked = same.find((line) => line.marker === "revoked");
      if (revoked) return { kind: "revoked", line: revoked };
      const known = same.find((line) => line.marker === "none");
      if (known) return { kind: "known", line: known };
      // OpenSSH accepts the name without its port only for a key that matches: it is no evidence of a change.
      const first = names[0] ?? "";
      const others = lines.filter((line) => line.marker !== "revoked" && namesHost(line.hosts, first));
      const changed = others.find((line) => line.marker === "none" && line.type === type);
      if (changed) return { kind: "changed", line: changed };
      const otherTypes = [
        ...new Set(others.filter((line) => line.marker === "none").map((line) => line.type)),
      ];
      return { kind: "unknown", otherTypes, certAuthority: others.some((l) => l.marker === "certAuthority") };
    },
    plainTypes(name) {
      const types = new Set<string>();
      for (const n of lookupNames(name)) {
        for (const line of plain(n)) types.add(line.type);
        if (types.size > 0) break;
      }
      return [...types];
    },
  };
}

/** The names under which a host's keys may stand, the most exact one first. */
export function lookupNames({ host, port, alias }: HostName): readonly string[] {
  if (alias !== undefined) return [alias.toLowerCase()];
  const plain = host.toLowerCase();
  return port === 22 ? [plain] : [`[${plain}]:${port}`, plain];
}

/** Whether the first field of a line names a host: `name` in lower case, as `lookupNames` gives it. */
export function namesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return hashedNames(hosts, name);
  let found = false;
  for (const pattern of hosts.split(",")) {
    const negated = pattern.startsWith("!");
    if (!matchesPattern(name, (negated ? pattern.slice(1) : pattern).toLowerCase())) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/**
 * Whether a text matches a pattern in which `*` stands for any characters and `?` for one. It goes back to the last
 * star only, which is enough, and keeps a pattern of many stars from taking for ever.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  let [t, p, star, from] = [0, 0, -1, 0];
  while (t < text.length) {
    const wanted = pattern[p];
    if (wanted === "*") [star, from, p] = [p, t, p + 1];
    else if (wanted === "?" || wanted === text[t]) [t, p] = [t + 1, p + 1];
    else if (star >= 0) [t, p, from] = [from + 1, star + 1, from + 1];
    else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** `|1|salt|hash`: the hash is HMAC-SHA1 of the name, keyed with the salt, both in base64. */
function hashedNames(hosts: string, name: string): boolean {
  const [, kind, salt, hash] = hosts.split("|");
  if (kind !== "1" || !salt || !hash) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/** Finds lines by a plain name; only lines with wildcards or negations are walked through. */
function plainIndex(lines: readonly KnownHostLine[]): (name: string) => readonly KnownHostLine[] {
  const literal = new Map<string, KnownHostLine[]>();
  const patterns: KnownHostLine[] = [];
  for (const line of lines) {
    if (line.marker !== "none" || line.hosts.startsWith("|")) continue;
    if (/[*?!]/.test(line.hosts)) {
      patterns.push(line);
      continue;
    }
    for (const host of line.hosts.toLowerCase().split(",")) {
      const found = literal.get(host);
      if (found) found.push(line);
      else literal.set(host, [line]);
    }
  }
  return (name) => [...(literal.get(name) ?? []), ...patterns.filter((line) => namesHost(line.hosts, name))];
}
