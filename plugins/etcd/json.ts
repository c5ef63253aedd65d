/**
 * What `etcdctl -w json` prints. Ids are bare 64-bit numbers, which a plain `JSON.parse` rounds to another member's
 * id: whole numbers become bigints, from their source text.
 *
 * @module
 */

export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Parses JSON with exact whole numbers; undefined where it is not JSON. */
export function parseJson(text: string): Json | undefined {
  const exact = (_key: string, value: Json, context?: { readonly source?: string }): Json =>
    typeof value === "number" && context?.source !== undefined && /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value;
  try {
    return JSON.parse(text, exact) as Json;
  } catch {
    return undefined;
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
export const textOf = (value: Json | undefined): string | undefined =>
  typeof value === "string" ? value : undefined;
export const textsOf = (value: Json | undefined): readonly string[] =>
  listOf(value).filter((v) => typeof v === "string");
export const wholeOf = (value: Json | undefined): bigint | undefined =>
  typeof value === "bigint" && value >= 0n ? value : undefined;

/** An id as etcd prints it: lower-case hex without leading zeros. 0, which protobuf leaves out, is nobody's. */
export function idOf(value: Json | undefined): string | undefined {
  const id = wholeOf(value);
  return id === undefined || id === 0n || id >= 2n ** 64n ? undefined : id.toString(16);
}
