/**
 * One SSH connection: node-ssh sets it up, over a socket of ours.
 *
 * @module
 */
import { connect as tcpConnect } from "node:net";
import type { Duplex } from "node:stream";
import { NodeSSH } from "node-ssh";
// @ts-types="@types/ssh2"
import type { Client, ClientChannel, KexAlgorithm } from "ssh2";
import { hostKeyAlgorithms, HostKeys } from "./host_keys.ts";
import { login } from "./login.ts";
import { codeOf, messageOf } from "./trouble.ts";
import type { Endpoint } from "./endpoint.ts";
import { KeyFiles } from "./keys.ts";
import type { Trouble } from "../model/fleet.ts";

/** How long connections live. */
export interface Life {
  /** Milliseconds between two signs of life; a peer that leaves out two of them is taken for dead at the third. */
  readonly keepaliveMs: number;
  /** Ends what is being opened. */
  readonly signal: AbortSignal;
}

/** What the connections of a fleet are made with. */
export interface Means extends Life {
  readonly keys: KeyFiles;
  readonly hosts: HostKeys;
}

export function newMeans(life: Life): Means {
  return { ...life, keys: new KeyFiles(), hosts: new HostKeys() };
}

/** What OpenSSH 9 offers and Deno can do: not ecdh-sha2-nistp521, which Deno 2.9 agrees on and then fails at. */
const KEY_EXCHANGES: KexAlgorithm[] = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "diffie-hellman-group-exchange-sha256",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
  "diffie-hellman-group14-sha256",
];
/** How long a peer may take to answer a goodbye. */
const GOODBYE_MS = 500;

/** OpenSSH takes 10 sessions on a connection (`MaxSessions`). */
const SESSIONS = 8;

/** A connection that came about. It is kept until `close`, or until it is `gone`. */
export class Connection {
  readonly #ssh: NodeSSH;
  readonly #client: Client;
  readonly #sock: Duplex;
  readonly #listeners = new Set<(detail: string) => void>();
  #error: string | undefined;
  #gone: string | undefined;
  #sessions = 0;
  #capacity = SESSIONS;

  /** `name`: whom it leads to, for messages. */
  constructor(readonly name: string, ssh: NodeSSH, client: Client, sock: Duplex) {
    this.#ssh = ssh;
    this.#client = client;
    this.#sock = sock;
    // node-ssh takes its own listener away once it is connected; an error without any would end the process.
    client.on("error", (error) => this.#error ??= error.message);
    client.on("close", () => {
      this.#gone = this.#error ?? "the connection was closed";
      this.#listeners.forEach((listener) => listener(this.#gone ?? ""));
      this.#listeners.clear();
    });
  }

  /** Why the connection is no more. */
  get gone(): string | undefined {
    return this.#gone;
  }

  /** Calls back once, when the connection is gone. The result takes the listener away. */
  onGone(listener: (detail: string) => void): () => void {
    if (this.#gone !== undefined) listener(this.#gone);
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether another command should go over another connection. */
  get full(): boolean {
    return this.#sessions >= this.#capacity;
  }

  /** Starts a command; rejects when it was not started within `timeoutMs`. */
  exec(command: string, timeoutMs: number): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      let late = false;
      this.#client.exec(command, (error, channel) => {
        clearTimeout(timer);
        if (error) {
          this.#sessions--;
          // The server takes fewer than usual; with none open, a further connection would not help.
          if (this.#gone === undefined && this.#sessions > 0) this.#capacity = this.#sessions;
          return reject(error);
        }
        channel.on("close", () => this.#sessions--);
        if (late) channel.close();
        else resolve(channel);
      });
      this.#sessions++;
      const timer = setTimeout(() => {
        late = true;
        reject(new Error(`no answer within ${Math.round(timeoutMs / 1000)} s`));
      }, timeoutMs);
    });
  }

  /** Opens a TCP connection from the server to somewhere else. */
  forward(host: string, port: number): Promise<Duplex> {
    return this.#ssh.forwardOut("127.0.0.1", 0, host, port);
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const closed = Promise.withResolvers<void>();
    this.onGone(() => closed.resolve());
    const timer = setTimeout(closed.resolve, GOODBYE_MS);
    this.#client.end();
    await closed.promise;
    clearTimeout(timer);
    this.#sock.destroy();
  }
}

/** Opens a connection, through another one if `via` is given. The endpoint's deadline covers all of it. */
export async function connect(
  endpoint: Endpoint,
  via: Connection | undefined,
  means: Means,
): Promise<Connection | Trouble> {
  let types = means.hosts.types(endpoint);
  for (;;) {
    const result = await attempt(endpoint, via, means, types);
    if (!("askFor" in result)) return result;
    types = result.askFor; // all that are known: it does not come back here a second time
  }
}

type Phase = "connecting" | "agreeing on keys" | "logging in";

async function attempt(
  endpoint: Endpoint,
  via: Connection | undefined,
  means: Means,
  types: readonly string[],
): Promise<Connection | Trouble | { readonly askFor: readonly string[] }> {
  const progress: { phase: Phase; sock?: Duplex; over: boolean } = { phase: "connecting", over: false };
  let refusal: Trouble | { readonly askFor: readonly string[] } | undefined;
  const attempted = login(endpoint, means.keys);
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => deadline.reject(new Error(`no answer within ${endpoint.connectTimeoutMs / 1000} s`)),
    endpoint.connectTimeoutMs,
  );
  const stop = () => deadline.reject(new Error("it was closed"));
  means.signal.addEventListener("abort", stop);
  if (means.signal.aborted) stop();
  const open = async () => {
    const sock = via === undefined ? directly(endpoint) : await via.forward(endpoint.host, endpoint.port);
    progress.sock = sock;
    if (progress.over) sock.destroy();
    const ssh = new NodeSSH();
    const connecting = ssh.connect({
      sock,
      username: endpoint.user,
      readyTimeout: 0,
      keepaliveInterval: means.keepaliveMs,
      keepaliveCountMax: 2,
      algorithms: {
        serverHostKey: hostKeyAlgorithms(types),
        kex: KEY_EXCHANGES,
      },
      hostVerifier: (key: Uint8Array) => {
        const judgement = means.hosts.judge(endpoint, key, types);
        if (judgement === "known") return true;
        refusal = judgement;
        return false;
      },
      authHandler: attempted.authHandler,
    });
    const client = ssh.connection;
    if (client === null) throw new Error("the connection was not started");
    client.on("connect", () => progress.phase = "agreeing on keys");
    client.on("handshake", () => progress.phase = "logging in");
    const connection = new Connection(endpoint.name, ssh, client, sock);
    await connecting;
    return connection;
  };
  try {
    return await Promise.race([open(), deadline.promise]);
  } catch (thrown) {
    progress.over = true;
    progress.sock?.destroy();
    if (refusal !== undefined) return refusal;
    if (progress.phase === "logging in" && isRefusal(thrown)) return attempted.refused(messageOf(thrown));
    return explain(endpoint, progress.phase, thrown);
  } finally {
    clearTimeout(timer);
    means.signal.removeEventListener("abort", stop);
  }
}

/** ssh2 never turns Nagle's algorithm off: a command on an open connection then takes 90 ms instead of 5. */
function directly({ host, port }: Endpoint): Duplex {
  const sock = tcpConnect({ host, port });
  sock.setNoDelay(true);
  return sock;
}

/** Whether the server, rather than the network, ended the login. */
function isRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const level = "level" in thrown ? thrown.level : undefined;
  return level === "client-authentication" || level === "agent" ||
    /too many authentication/i.test(thrown.message);
}

function explain({ name, host, port, jump }: Endpoint, phase: Phase, thrown: unknown): Trouble {
  const from = jump === undefined ? "" : ` through ${jump.name}`;
  const where = host === name ? `${host}:${port}` : `${name} (${host}:${port})`;
  const [said, unblock] = words(thrown, phase);
  return { code: "unreachable", detail: `${where}${from}: ${said}, while ${phase}`, unblock };
}

function words(thrown: unknown, phase: Phase): readonly [said: string, unblock: string] {
  const message = messageOf(thrown);
  switch (codeOf(thrown)) {
    case "ECONNREFUSED":
      return ["connection refused", "see that sshd runs there, and that ssh.port is its port"];
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return ["the name is not known", "correct the host in the config, or name its address"];
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return ["no route to the host", "see that the host is up and the network reaches it"];
  }
  if (/no matching/i.test(message)) {
    return [
      message,
      "let sshd there offer what OpenSSH does by default (ecdh-sha2-nistp521 is not supported on Deno)",
    ];
  }
  return phase === "connecting" ? [message, "see that the host is up and its SSH port is not filtered"] : [
    message,
    "see what sshd logs there (journalctl -u ssh), and whether MaxStartups turns connections away",
  ];
}
