/**
 * etcd as the managers ask it: one endpoint at a time, each call with a deadline, so that a member that hangs or a
 * network that is gone is an error soon and never a wait.
 *
 * Of etcd3 we take the protocol and the typed calls, and none of its own pool: that one draws endpoints at random,
 * counts failures in circuit breakers and has no deadline, and its leases renew themselves in the background, where a
 * failure is nobody's.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { type ChannelCredentials, credentials, Metadata } from "@grpc/grpc-js";
import { type IKeyValue, KVClient, LeaseClient } from "etcd3";
import { Host } from "etcd3/lib/connection-pool.js";
import { Unreachable } from "./unreachable.ts";

/** Where the etcd of the locks is, and how to be let in. */
export interface EtcdAccess {
  /** "http://10.0.0.1:2379", all of one kind. */
  readonly endpoints: readonly string[];
  /** PEM. Without a CA the system's are trusted. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** One answer of one endpoint is waited for so long. */
const CALL_MS = 2_000;
/** After all have failed, who asks within this time is told the same at once: services do not queue up to wait. */
const SAME_ANSWER_MS = 3_000;

/** What etcd answers that is no answer about keys: the next endpoint may know better. gRPC's numbers. */
const ELSEWHERE = [
  1, // cancelled
  2, // unknown: what a proxy or a wrong port says
  4, // deadline exceeded
  13, // internal
  14, // unavailable; "no leader" as well
];

/** A key's owner. */
export interface Owner {
  readonly lease: string;
  readonly token: string;
  readonly value: string;
}

export class Etcd {
  readonly #hosts: readonly Host[];
  readonly #names: readonly string[];
  /** The endpoint that answered last. */
  #at = 0;
  #failed: { readonly error: Unreachable; readonly at: number } | undefined;

  constructor(access: EtcdAccess) {
    this.#names = access.endpoints;
    this.#hosts = access.endpoints.map((url) => hostOf(url, access));
  }

  /** Makes a lease of so many seconds. */
  async grant(ttlS: number): Promise<string> {
    const { ID } = await this.#ask(({ lease }, options) => lease.leaseGrant({ TTL: ttlS }, options));
    return ID;
  }

  /** Ends a lease, and with it the keys that it holds. */
  async revoke(lease: string): Promise<void> {
    await this.#ask((on, options) => on.lease.leaseRevoke({ ID: lease }, options));
  }

  /** Puts off the end of a lease; false when it has ended already. */
  async renew(lease: string): Promise<boolean> {
    return await this.#ask(({ host }, { deadline }) => renewOn(host, lease, deadline));
  }

  /** Takes a key that nobody has, else tells who has it; "ended" when the lease is there no more. */
  async claim(key: string, value: string, lease: string): Promise<Owner | "ended"> {
    const name = Buffer.from(key);
    try {
      const { succeeded, header, responses } = await this.#ask(({ kv }, options) =>
        kv.txn({
          compare: [{ key: name, target: "Create", result: "Equal", create_revision: 0 }],
          success: [{ request_put: { key: name, value: Buffer.from(value), lease } }],
          failure: [{ request_range: { key: name } }],
        }, options)
      );
      if (succeeded) return { lease, token: header.revision, value };
      const owner = ownerOf(responses[0]?.response_range?.kvs[0]);
      if (owner === undefined) throw new TypeError(`Cannot tell who has ${key}: etcd gave no key`);
      return owner;
    } catch (error) {
      if (error instanceof Error && error.message.includes("lease not found")) return "ended";
      throw error;
    }
  }

  /** Who has a key, by a linearizable read. `anew`: endpoints that have just failed are asked all the same. */
  async owner(key: string, anew: boolean): Promise<Owner | undefined> {
    if (anew) this.#failed = undefined;
    const { kvs } = await this.#ask(({ kv }, options) => kv.range({ key: Buffer.from(key) }, options));
    return ownerOf(kvs[0]);
  }

  /** Lets a key go, if it is still the one that was taken. */
  async release(key: string, token: string): Promise<void> {
    const name = Buffer.from(key);
    await this.#ask(({ kv }, options) =>
      kv.txn({
        compare: [{ key: name, target: "Create", result: "Equal", create_revision: token }],
        success: [{ request_delete_range: { key: name } }],
      }, options)
    );
  }

  close(): void {
    this.#hosts.forEach((host) => host.close());
  }

  async #ask<T>(call: (on: Asked, options: { readonly deadline: number }) => Promise<T>): Promise<T> {
    if (this.#failed !== undefined && performance.now() - this.#failed.at < SAME_ANSWER_MS) {
      throw this.#failed.error;
    }
    const said: string[] = [];
    for (let i = 0; i < this.#hosts.length; i++) {
      const at = (this.#at + i) % this.#hosts.length;
      const host = this.#hosts[at];
      if (host === undefined) continue;
      const client = callable(host);
      try {
        const on = { host, kv: new KVClient(client), lease: new LeaseClient(client) };
        const answer = await within(CALL_MS + 500, call(on, { deadline: Date.now() + CALL_MS }));
        this.#at = at;
        this.#failed = undefined;
        return answer;
      } catch (error) {
        if (!goesElsewhere(error)) throw error;
        // A connection that has failed backs off for longer and longer: the next call makes a new one.
        host.resetAllServices();
        said.push(`${this.#names[at]}: ${wordsOf(error)}`);
      }
    }
    const error = new Unreachable(said.join("; "));
    this.#failed = { error, at: performance.now() };
    throw error;
  }
}

interface Asked {
  readonly host: Host;
  readonly kv: KVClient;
  readonly lease: LeaseClient;
}
type Callable = ConstructorParameters<typeof KVClient>[0];

/** One attempt at one endpoint: no retry, no breaker. */
const callable = (host: Host): Callable => ({
  callOptionsFactory: undefined,
  exec: (service, method, payload, options) =>
    new Promise((resolve, reject) => {
      const client = host.getServiceClient(service);
      const send: unknown = Reflect.get(client, method);
      if (typeof send !== "function") throw new TypeError(`Cannot ask etcd for ${service}.${method}`);
      send.call(client, payload, new Metadata(), options ?? {}, (error: unknown, answer: never) => {
        if (error) reject(error);
        else resolve(answer);
      });
    }),
  withConnection: () => Promise.reject(new TypeError("Cannot stream over this connection")),
  markFailed: () => {},
});

/** etcd has no plain call for it: a stream, one question and its answer. */
function renewOn(host: Host, lease: string, deadline: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const client = host.getServiceClient("Lease");
    const open: unknown = Reflect.get(client, "leaseKeepAlive");
    if (typeof open !== "function") throw new TypeError("Cannot ask etcd for Lease.leaseKeepAlive");
    const stream = open.call(client, new Metadata(), { deadline });
    stream.on("error", reject); // stays: what comes after the answer is nobody's concern
    stream.on("end", () => reject(new Error("the stream ended without an answer")));
    stream.on("data", ({ TTL }: { readonly TTL: string }) => {
      resolve(TTL !== "0");
      stream.end();
    });
    stream.write({ ID: lease });
  });
}

/** gRPC keeps its deadlines itself; should it not, the caller does not hang for that. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(Object.assign(new Error("no answer in time"), { code: 4 })), ms);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
const goesElsewhere = (error: unknown): boolean => {
  const code = codeOf(error);
  return typeof code !== "number" || ELSEWHERE.includes(code);
};
/** gRPC's own words, without what it adds for itself. */
const wordsOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^\d+ [A-Z_]+: /, "").replace(/^No connection established\. Last error: /, "")
    .replace(/^(?:[A-Za-z]*Error(?: \[\w+\])?: )+/, "").replace(/\.? ?Resolution note:.*$/s, "")
    .split("\n")[0] ?? "";

const ownerOf = (kv: IKeyValue | undefined): Owner | undefined =>
  kv && { lease: kv.lease, token: kv.create_revision, value: Buffer.from(kv.value).toString() };

function hostOf(url: string, access: EtcdAccess): Host {
  const { protocol, hostname, port } = new URL(url);
  const name = hostname.replace(/^\[|\]$/g, "");
  const secure = protocol === "https:";
  const authority = `${hostname}:${port || "2379"}`;
  return new Host(authority, secure ? trusting(access, name) : credentials.createInsecure(), {
    // Only what is configured is connected to: neither a proxy from the environment nor what DNS says of services.
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
    // TLS knows no server names that are addresses; the certificate is compared with the address itself, below.
    ...(secure && isIP(name) !== 0 ? { "grpc.ssl_target_name_override": "etcd.invalid" } : {}),
  });
}

function trusting({ ca, cert, key }: EtcdAccess, name: string): ChannelCredentials {
  const bytes = (pem: string | undefined): Buffer | null => pem === undefined ? null : Buffer.from(pem);
  return credentials.createSsl(bytes(ca), bytes(key), bytes(cert), {
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  });
}
