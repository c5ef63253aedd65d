/**
 * TypeScript of an author's own, as the runtime takes it. Types become blanks, so that every line and column stays what
 * it is in the file; what is more than types (an enum) is rewritten, with a source map.
 *
 * @module
 */
import { stripTypeScriptTypes } from "./runtime.ts";

/** Where in a file something is wrong; lines and columns count from 1. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

/** The file is no TypeScript. */
export class NotTypeScript extends Error {
  constructor(message: string, readonly spot: Spot) {
    super(message);
  }
}

/** JavaScript that says what the TypeScript says; throws {@linkcode NotTypeScript}. */
export function javaScriptOf(text: string, url: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch {
    // Either more than types, or no TypeScript at all: only the other mode says where.
  }
  try {
    return renamed(stripTypeScriptTypes(text, { mode: "transform", sourceMap: true }), url);
  } catch (error) {
    throw notTypeScript(error instanceof Error ? error.message : String(error));
  }
}

const MAP = /^\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/m;

/** The source map names a file of its own making: stacks would name it, too. */
function renamed(js: string, url: string): string {
  const [line, packed] = MAP.exec(js) ?? [];
  if (line === undefined || packed === undefined) return js;
  const map: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(packed)));
  const own = new TextEncoder().encode(JSON.stringify({ ...Object(map), sources: [url] })).toBase64();
  return js.replace(line, `//# sourceMappingURL=data:application/json;base64,${own}`);
}

/** "SyntaxError: Expression expected\n  |\n2 | …\n    at file:///stripTypeScriptTypes.ts:2:5" */
function notTypeScript(said: string): NotTypeScript {
  const [, line = "0", column = "0"] = / at \S+?:(\d+):(\d+)\s*$/.exec(said) ?? [];
  const [first = said] = said.replace(/^(?:SyntaxError: )+/, "").split(/\n| at file:/);
  return new NotTypeScript(first.replace(/^\[\w+\] /, ""), { line: Number(line), column: Number(column) });
}
