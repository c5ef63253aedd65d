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
export function configJsonSchema(plugins: readonly Plugin[]): Readonly<Record<string, unknown>> {
  const file = fileSchema(nodeSchema, v.union(plugins.map(serviceSchema)));
  return {
    title: "quorate.yaml",
    ...toJsonSchema(file, {
      typeMode: "input",
      // What is written ends where a value is turned into another (a duration into milliseconds); its words do not.
      overrideSchema({ valibotSchema, jsonSchema, errors }) {
        const description = "pipe" in valibotSchema ? v.getDescription(valibotSchema) : undefined;
        return description === undefined || errors ? undefined : { ...jsonSchema, description };
      },
    }),
  };
}
