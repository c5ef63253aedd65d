/**
 * What is offered to a server to log in with, in this order: the key files that the config or ssh_config names, the
 * agent's keys, OpenSSH's default key files. A server counts every refused offer (`MaxAuthTries`, 6), so nothing is
 * offered twice.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
// @ts-types="@types/ssh2"
import ssh2 from "ssh2";
// @ts-types="@types/ssh2"
import type { AnyAuthMethod, AuthHandlerMiddleware, BaseAgent } from "ssh2";
import { fingerprint } from "./host_keys.ts";
import type { Endpoint, Identity } from "./endpoint.ts";
import type { KeyFiles } from "./keys.ts";
import type { Trouble } from "../model/fleet.ts";

/** One attempt to log in. */
export interface Login {
  readonly authHandler: AuthHandlerMiddleware;
  /** Why it was refused, once it was; `words` are the server's own or the library's. */
  refused(words: string): Trouble;
}

/** Prepares a login. Key files are read when their turn comes. */
export function login(endpoint: Endpoint, files: KeyFiles): Login {
  const offered: Buffer[] = [];
  const tried: string[] = [];
  const unusable: { readonly identity: Identity; readonly why: string; readonly unblock: string }[] = [];
  let left: readonly string[] = [];
  let partial = false;

  function* offers(): Generator<AnyAuthMethod> {
    const named = endpoint.identities.filter((identity) => identity.from !== "default");
    yield* keyFiles(named);
    if (endpoint.agent !== undefined) {
      yield { type: "agent", username: endpoint.user, agent: agent(endpoint.agent) };
    }
    yield* keyFiles(endpoint.identities.filter((identity) => identity.from === "default"));
  }
  function* keyFiles(identities: readonly Identity[]): Generator<AnyAuthMethod> {
    for (const identity of identities) {
      const file = files.read(identity, endpoint.passphrase);
      if (file.kind === "key") {
        if (offer(identity.path, file.key.getPublicSSH())) {
          yield { type: "publickey", username: endpoint.user, key: file.key };
        }
      } else if (file.kind === "unusable") unusable.push({ identity, ...file });
      else if (identity.from === "settings") {
        unusable.push({ identity, why: "there is no such file", unblock: "correct ssh.identityFiles" });
      }
    }
  }
  function offer(from: string, key: Buffer): boolean {
    if (offered.some((other) => other.equals(key))) return false;
    offered.push(key);
    tried.push(`${from} (${fingerprint(key)})`);
    return true;
  }
  /** An agent that does not answer has no keys: as an error it would end the attempt (node-ssh rejects at the first). */
  function agent(socket: string): BaseAgent {
    const ours = new ssh2.OpenSSHAgent(socket);
    const all = ours.getIdentities.bind(ours);
    ours.getIdentities = (done) =>
      all((error, keys) => {
        if (error) tried.push(`the agent at ${socket}, which does not answer`);
        const only = endpoint.identitiesOnly
          ? endpoint.identities.map((identity) => files.publicHalf(identity))
          : undefined;
        done(
          null,
          (keys ?? []).filter((key) => {
            if (!("getPublicSSH" in key)) return false;
            const blob = key.getPublicSSH();
            return (only?.some((other) => other?.equals(blob)) ?? true) && offer("the agent's key", blob);
          }),
        );
      });
    return ours;
  }

  const rest = offers();
  return {
    authHandler(methods: readonly string[] | null, partialSuccess: boolean | null) {
      partial ||= partialSuccess === true;
      left = methods ?? [];
      if (methods !== null && !methods.includes("publickey")) return false;
      const next = rest.next();
      return next.done ? false : next.value;
    },
    refused(words) {
      const who = `${endpoint.name} (${endpoint.host}:${endpoint.port})`;
      const about = unusable.map(({ identity, why }) => `${identity.path}: ${why}`).join("; ");
      if (partial) {
        return {
          code: "authRefused",
          detail: `${who} takes the key of ${endpoint.user} but also asks for ${left.join(" or ")}`,
          unblock: "let a key alone be enough for this user (AuthenticationMethods in sshd_config)",
        };
      }
      const named = unusable.find(({ identity }) => identity.from === "settings") ??
        (offered.length === 0 ? unusable[0] : undefined);
      if (named !== undefined) {
        return {
          code: "keyUnusable",
          detail: `no key to log in to ${who}: ${about}`,
          unblock: named.unblock,
        };
      }
      if (offered.length === 0 && (left.length === 0 || left.includes("publickey"))) {
        return {
          code: "keyUnusable",
          detail: `there is no key to log in to ${who}: neither an agent nor a key file` +
            (tried.length === 0 ? "" : ` (asked: ${tried.join(", ")})`),
          unblock: "set ssh.identityFiles in the config, or start an agent",
        };
      }
      const offers = tried.length === 0 ? "" : `; offered: ${tried.join(", ")}`;
      const also = about === "" ? "" : `; not offered: ${about}`;
      const allowed = left.length === 0 || left.includes("publickey")
        ? ""
        : `; it only takes ${left.join(", ")}`;
      return {
        code: "authRefused",
        detail: `${who} refuses the login of ${endpoint.user}: ${words}${allowed}${offers}${also}`,
        unblock: `add one of the keys to the authorized_keys of ${endpoint.user} there, or name another in ` +
          "ssh.identityFiles",
      };
    },
  };
}
