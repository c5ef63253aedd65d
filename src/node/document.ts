/**
 * The document that a node check prints, decoded: what is not whole is not there.
 *
 * @module
 */
import type { Asked, Asks } from "../playbook/plugin.ts";

export interface Document {
  /** The node's wall clock when the check began, in milliseconds since 1970. */
  readonly timeMs: number | undefined;
  /** The node's uptime when the check began, in milliseconds. */
  readonly begunMs: number | undefined;
  /** How long the check took on the node, in milliseconds. */
  readonly tookMs: number | undefined;
  readonly missing: readonly string[];
  /** By service name; a service whose answers are damaged has none. */
  readonly services: ReadonlyMap<string, Asks>;
}

/** Reads a check's standard output; undefined unless the whole document is there. Text before it does not matter. */
export function readDocument(stdout: Uint8Array): Document | undefined {
  const text = new TextDecoder().decode(stdout);
  const begin = text.lastIndexOf('\n{"quorate":1,');
  const found = parsed(text.slice(begin + 1));
  if (begin === -1 || !isRecord(found) || !Array.isArray(found.missing) || !Array.isArray(found.services)) {
    return undefined;
  }
  const [time, begun, ended] = [found.time, found.begun, found.ended].map(decimal);
  return {
    timeMs: time === undefined ? undefined : time * 1000,
    begunMs: begun === undefined ? undefined : begun * 1000,
    tookMs: begun === undefined || ended === undefined ? undefined : (ended - begun) * 1000,
    missing: found.missing.filter((tool) => typeof tool === "string"),
    services: new Map(
      found.services.flatMap((part: unknown) =>
        isRecord(part) && typeof part.name === "string" ? [[part.name, readAnswers(part) ?? {}]] : []
      ),
    ),
  };
}

/** The answers of a service, or undefined where their sizes and bytes do not agree. */
function readAnswers({ files, bytes }: Record<string, unknown>): Asks | undefined {
  if (!Array.isArray(files) || typeof bytes !== "string" || files.pop() !== 0) return undefined;
  const all = fromBase64(bytes);
  if (all === undefined) return undefined;
  const texts = new Map<string, string>();
  let at = 0;
  for (const file of files as readonly unknown[]) {
    if (!Array.isArray(file)) return undefined;
    const [name, size] = file as readonly unknown[];
    if (typeof name !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      return undefined;
    }
    texts.set(name, new TextDecoder().decode(all.subarray(at, at + size)));
    at += size;
  }
  if (at !== all.length) return undefined;
  return Object.fromEntries(
    [...texts].flatMap(([name, code]): readonly [string, Asked][] => {
      const ask = name.replace(/\.code$/, "");
      const [out, err] = [texts.get(`${ask}.out`), texts.get(`${ask}.err`)];
      if (ask === name || out === undefined || err === undefined || !/^\d+\n$/.test(code)) return [];
      return [[ask, { code: codeOf(Number(code)), out, err }]];
    }),
  );
}

/** `timeout` answers 124, or 137 when it had to kill. */
const codeOf = (code: number): number | "timedOut" => (code === 124 || code === 137 ? "timedOut" : code);
const decimal = (value: unknown): number | undefined =>
  typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
