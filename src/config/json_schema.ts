/**
 * The JSON Schema that `quorate schema` prints for editors: made of the very schema that reads the file.
 *
 * @module
 */
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { Plugin } from "../playbook/options.ts";
import { fileSchema, nodeSchema, serviceSchema } from "./schema.ts";

/** A JSON Schema (draft 7) of `quorate.yaml`. */
export const configJsonSchema = (plugins: readonly Plugin[]): Readonly<Record<string, unknown>> => ({
  title: "quorate.yaml",
  ...toJsonSchema(fileSchema(nodeSchema, v.union(plugins.map((one) => serviceSchema(one)))), {
    typeMode: "input",
  }),
});
