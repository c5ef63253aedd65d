/**
 * JSON and YAML for programs. 64-bit numbers are written as text, because most readers would round them.
 *
 * @module
 */
import type { Event } from "../model/event.ts";

const safe = (_key: string, value: unknown): unknown => typeof value === "bigint" ? value.toString() : value;

/** A document, indented, with a line end. */
export const jsonText = (value: unknown): string => JSON.stringify(value, safe, 2) + "\n";

/** One event a line. */
export const ndjson = (event: Event): string => JSON.stringify(event, safe) + "\n";

/** The same document as YAML; the library is loaded only here. */
export async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(JSON.parse(JSON.stringify(value, safe)), { lineWidth: 0 });
}
