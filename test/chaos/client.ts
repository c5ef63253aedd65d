/**
 * Clients of etcd that write, read and swap, and write down what they were told:
 * `deno run -A client.ts HISTORY SEED CLIENTS PAUSE NAME=URL…`, so many of them, so many milliseconds between two
 * operations of one. They speak to the JSON gateway and know nothing of Quorate. Each operation is a line of JSON in the
 * file HISTORY, an `Operation` with its key. Standard output tells, a few times a second, who serves and who is a
 * member. At SIGTERM every key that was ever used is read once more, and the process ends.
 *
 * @module
 */
import { Random } from "../../src/sim/random.ts";
import type { Does, Operation, Value } from "./linear.ts";

/** One operation on one key; `failed`: it is certain that it had no effect. */
export interface Line extends Operation {
  readonly key: string;
  readonly failed?: true;
}

/** What the clients see of the cluster. */
export interface Sight {
  /** Milliseconds since the clients' start. */
  readonly at: number;
  /** Hosts through which a linearizable read went. */
  readonly serve: readonly string[];
  /** By the member list of one of these; undefined when none serves. A member that never started has its peer URL for a name. */
  readonly members: readonly { readonly name: string; readonly learner: boolean }[] | undefined;
  readonly leader: string | undefined;
  /** Ids of all clusters that ever answered. */
  readonly clusters: readonly string[];
}

/** An answer is waited for this long; then nobody knows. */
const PATIENCE_MS = 2_000;
/** Keys in use at the same time, and how often one is used before another takes its place: a history stays small. */
const KEYS = 8;
const USES = 150;
const LOOK_MS = 500;

type Json = Readonly<Record<string, unknown>>;
type Answer =
  | { readonly kind: "said"; readonly json: Json }
  /** It had no effect. */
  | { readonly kind: "failed" }
  | { readonly kind: "unknown" };

const clusters = new Set<string>();

async function ask(url: string, path: string, body: Json, patience = PATIENCE_MS): Promise<Answer> {
  try {
    const answer = await fetch(`${url}/v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
    const json = record(await answer.json());
    const id = record(json.header).cluster_id;
    if (answer.ok && typeof id === "string") {
      clusters.add(id);
      return { kind: "said", json };
    }
    // Only what is refused before it is proposed is certain to have no effect.
    return {
      kind: /not supported for learner|too many requests/.test(String(json.error)) ? "failed" : "unknown",
    };
  } catch (error) {
    return { kind: /client error \(Connect\)/.test(String(error)) ? "failed" : "unknown" };
  }
}
const record = (value: unknown): Json => typeof value === "object" && value !== null ? { ...value } : {};
const list = (value: unknown): readonly Json[] => Array.isArray(value) ? value.map(record) : [];
const valueOf = (json: Json): Value => {
  const value = list(json.kvs)[0]?.value;
  return typeof value === "string" ? atob(value) : null;
};

/** The request for an operation, and what its answer says was done. */
function request(
  key: string,
  does: Does,
): { readonly path: string; readonly body: Json; readonly read: (json: Json) => Does } {
  const at = { key: btoa(key) };
  if ("get" in does) return { path: "kv/range", body: at, read: (json) => ({ get: valueOf(json) }) };
  if ("put" in does) return { path: "kv/put", body: { ...at, value: btoa(does.put) }, read: () => does };
  const compare = does.cas === null
    ? { ...at, target: "VERSION", result: "EQUAL", version: "0" }
    : { ...at, target: "VALUE", result: "EQUAL", value: btoa(does.cas) };
  const body = {
    compare: [compare],
    success: [{ requestPut: { ...at, value: btoa(does.to) } }],
    failure: [{ requestRange: at }],
  };
  const found = (json: Json): Value =>
    json.succeeded === true ? does.cas : valueOf(record(list(json.responses)[0]?.response_range));
  return { path: "kv/txn", body, read: (json) => ({ ...does, found: found(json) }) };
}

if (import.meta.main) {
  const [file = "", seed = "", clients = "", pause = "", ...pairs] = Deno.args;
  const hosts = pairs.map((pair) => ({
    name: pair.split("=")[0] ?? "",
    url: pair.slice(pair.indexOf("=") + 1),
  }));
  const random = new Random(Number(seed));
  const history = Deno.openSync(file, { write: true, create: true });
  const began = performance.now();
  const now = () => Math.round((performance.now() - began) * 1_000) / 1_000;
  const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));

  let serve: readonly string[] = [];
  let over = false;
  Deno.addSignalListener("SIGTERM", () => over = true);

  const keys = Array.from({ length: KEYS }, (_, i) => ({ name: `chaos/${i}`, uses: 0, last: null as Value }));
  const used = new Set<string>();
  let made = keys.length, values = 0;

  const tell = (line: Line) => history.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  const write = async (url: string, key: string, does: Does): Promise<Does | undefined> => {
    const { path, body, read } = request(key, does);
    const start = now();
    const answer = await ask(url, path, body);
    if (answer.kind === "said") {
      const done = read(answer.json);
      tell({ key, start, end: now(), does: done });
      return done;
    }
    // A read without an answer says nothing.
    if (!("get" in does)) {
      tell({ key, start, end: null, does, ...(answer.kind === "failed" ? { failed: true } : {}) });
    }
  };

  const client = async (): Promise<void> => {
    while (!over) {
      // Mostly who serves; now and then anybody, since clients are late to learn of trouble.
      const able = hosts.filter((h) => serve.includes(h.name));
      const host = random.pick(able.length === 0 || random.percent(10) ? hosts : able);
      const at = random.int(0, keys.length - 1);
      const key = keys[at];
      if (host === undefined || key === undefined) return;
      used.add(key.name);
      const does = random.weighted<Does>([
        [4, { put: `${++values}` }],
        [4, { get: null }],
        [3, { cas: key.last, to: `${++values}` }],
      ]) ?? { get: null };
      const done = await write(host.url, key.name, does);
      if (done !== undefined) {
        key.last = "put" in done
          ? done.put
          : "get" in done
          ? done.get
          : done.found === done.cas
          ? done.to
          : done.found ?? null;
      }
      if (++key.uses === USES) keys[at] = { name: `chaos/${made++}`, uses: 0, last: null };
      await sleep(Number(pause));
    }
  };

  const look = async (): Promise<void> => {
    while (!over) {
      const reads = await Promise.all(
        hosts.map(async (h) => ({
          h,
          answer: await ask(h.url, "kv/range", { key: btoa("chaos/0") }, 1_000),
        })),
      );
      const well = reads.filter(({ answer }) => answer.kind === "said").map(({ h }) => h);
      serve = well.map((h) => h.name);
      const url = well[0]?.url;
      const [members, status] = url === undefined
        ? []
        : await Promise.all([ask(url, "cluster/member/list", {}), ask(url, "maintenance/status", {})]);
      const listed = members?.kind === "said" ? list(members.json.members) : undefined;
      const name = (m: Json) => typeof m.name === "string" ? m.name : String(m.peerURLs);
      const leader = status?.kind === "said" ? status.json.leader : undefined;
      const lead = listed?.find((m) => m.ID === leader);
      const sight: Sight = {
        at: now(),
        serve,
        members: listed?.map((m) => ({ name: name(m), learner: m.isLearner === true })),
        leader: lead === undefined ? undefined : name(lead),
        clusters: [...clusters],
      };
      console.log(JSON.stringify(sight));
      await sleep(LOOK_MS);
    }
  };

  await Promise.all([look(), ...Array.from({ length: Number(clients) }, client)]);
  // The last word on each key, through whoever answers.
  for (const key of used) {
    for (
      let at = 0;
      await write(hosts[at % hosts.length]?.url ?? "", key, { get: null }) === undefined;
      at++
    ) {
      if (at === 20 * hosts.length) throw new Error(`${key} could not be read at the end`);
      await sleep(at < hosts.length ? 0 : 200);
    }
  }
  history.close();
}
