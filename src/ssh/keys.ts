/**
 * Private key files, each read and decrypted once: an encrypted key costs about 0.2 s of blocking work.
 *
 * @module
 */
import { Buffer } from "node:buffer";
// @ts-types="@types/ssh2"
import ssh2 from "ssh2";
// @ts-types="@types/ssh2"
import type { ParsedKey } from "ssh2";
import { withFullScalar } from "./sec1.ts";
import { codeOf, messageOf } from "./trouble.ts";
import type { Endpoint, Identity } from "./endpoint.ts";

/** A key file as it was found. */
export type KeyFile =
  | { readonly kind: "key"; readonly key: ParsedKey }
  | { readonly kind: "missing" }
  | { readonly kind: "unusable"; readonly why: string; readonly unblock: string };

/** The key files of all endpoints. */
export class KeyFiles {
  readonly #read = new Map<string, KeyFile>();

  /** Reads a key file, or tells what it was the first time. */
  read({ path }: Identity, passphrase: Endpoint["passphrase"]): KeyFile {
    const found = this.#read.get(path) ?? readKey(path, passphrase);
    this.#read.set(path, found);
    return found;
  }

  /** The public half in wire form, also where the private one cannot be used: from `PATH.pub`, or the file itself. */
  publicHalf(identity: Identity): Buffer | undefined {
    const known = this.#read.get(identity.path);
    if (known?.kind === "key") return known.key.getPublicSSH();
    for (const path of [`${identity.path}.pub`, identity.path]) {
      try {
        const key = parse(Deno.readTextFileSync(path));
        if (!(key instanceof Error)) return key.getPublicSSH();
      } catch {
        continue; // not there
      }
    }
    return undefined;
  }
}

function readKey(path: string, passphrase: Endpoint["passphrase"]): KeyFile {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return { kind: "missing" };
    return { kind: "unusable", why: codeOf(thrown) ?? messageOf(thrown), unblock: `make ${path} readable` };
  }
  const first = parse(text);
  const encrypted = first instanceof Error && first.message.includes("no passphrase given");
  const phrase = encrypted ? passphrase() : undefined;
  if (encrypted && !phrase) {
    return {
      kind: "unusable",
      why: "it is encrypted, and there is no passphrase",
      unblock: `set QUORATE_SSH_PASSPHRASE, or hand the key to an agent: ssh-add ${path}`,
    };
  }
  const key = encrypted ? parse(text, phrase) : first;
  if (key instanceof Error) {
    return {
      kind: "unusable",
      why: encrypted ? `the passphrase does not open it (${key.message})` : key.message,
      unblock: encrypted
        ? "correct QUORATE_SSH_PASSPHRASE"
        : `use an ed25519, ECDSA or RSA key; ssh-keygen -lf ${path} tells what it is`,
    };
  }
  if (!key.isPrivateKey()) {
    return {
      kind: "unusable",
      why: "it holds only the public half",
      unblock: "name the private key, or have an agent hold it",
    };
  }
  const ours = signing(key);
  if (ours === undefined) {
    // Deno 2.9 cannot decrypt the PEM form that OpenSSH wrote before 7.8; ssh2 leaves that to it.
    const oldForm = encrypted && !text.includes("BEGIN OPENSSH");
    return {
      kind: "unusable",
      why: `this runtime cannot sign with it${oldForm ? ", since it is encrypted in the old PEM form" : ""}`,
      unblock: oldForm
        ? `rewrite it in OpenSSH's own form: ssh-keygen -p -f ${path}`
        : "use an ed25519 key: ssh-keygen -t ed25519",
    };
  }
  return { kind: "key", key: ours };
}

function parse(text: string, passphrase?: string): ParsedKey | Error {
  try {
    const parsed: ParsedKey | ParsedKey[] | Error = ssh2.utils.parseKey(text, passphrase);
    return (Array.isArray(parsed) ? parsed[0] : parsed) ?? new Error("it holds no key");
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
  }
}

/** The key in a form that this runtime can sign with. */
function signing(key: ParsedKey): ParsedKey | undefined {
  if (canSign(key)) return key;
  const pem = withFullScalar(key.type, key.getPrivatePEM());
  const repaired = pem === undefined ? undefined : parse(pem);
  return repaired === undefined || repaired instanceof Error || !canSign(repaired) ? undefined : repaired;
}

function canSign(key: ParsedKey): boolean {
  try {
    const signature: Buffer | Error = key.sign(Buffer.from("quorate"));
    return !(signature instanceof Error);
  } catch {
    return false;
  }
}
