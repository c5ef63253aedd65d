/**
 * A plugin's options: from the spec, which is data, to the schema that reads them.
 *
 * @module
 */
import { posix } from "node:path";
import * as v from "valibot";
import type { Options, OptionSpec, OptionsSpec, OptionValue } from "../playbook/options.ts";
import { duration, flag, integer, path, text } from "./fields.ts";

type OptionSchema = v.GenericSchema<unknown, OptionValue>;

/** The schema that reads options by a spec. */
export function optionsSchema(spec: OptionsSpec): v.GenericSchema<unknown, Options> {
  const entries = Object.entries(spec).map(([name, option]) => {
    const schema = v.pipe(valueSchema(option), v.description(option.doc));
    if (option.required === true) return [name, schema];
    return [
      name,
      option.default === undefined ? v.exactOptional(schema) : v.exactOptional(schema, option.default),
    ];
  });
  return v.strictObject(Object.fromEntries(entries), `a map of options: ${Object.keys(spec).join(", ")}`);
}

function valueSchema(option: OptionSpec): OptionSchema {
  switch (option.kind) {
    case "string":
      return option.pattern === undefined
        ? text("text")
        : text(`text such as ${option.example ?? option.pattern}`, new RegExp(option.pattern));
    case "path":
      // One spelling for one place: paths are compared, and a data directory is renamed beside itself.
      return v.pipe(
        path,
        v.description(option.doc),
        v.transform((one) => posix.normalize(one).replace(/\/$/, "")),
        v.minLength(1, "an absolute path below the root"),
      );
    case "integer":
      return integer(option.min ?? 0, option.max ?? Number.MAX_SAFE_INTEGER);
    case "boolean":
      return flag;
    case "duration":
      return duration(option.doc);
    case "map": {
      const keys = option.keys === undefined
        ? text("a name")
        : text(`a name such as ${option.example ?? option.keys}`, new RegExp(option.keys));
      return v.record(
        keys,
        text("text, in quotes where it could be read as a number"),
        "a map of text by name",
      );
    }
    case "group":
      return optionsSchema(option.options);
  }
}
