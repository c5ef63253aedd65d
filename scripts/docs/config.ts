/**
 * docs/config.md, made of the very schema that reads the file.
 *
 * @module
 */
import { candidates } from "../../src/config/load.ts";
import { configJsonSchema } from "../../src/config/json_schema.ts";
import { plugins } from "../../src/cli/plugins.ts";
import { code, row } from "./markdown.ts";

/** The parts of a JSON Schema that ours uses. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
  readonly default?: unknown;
}

export async function configPage(): Promise<string> {
  const file: Schema = configJsonSchema(plugins);
  const node = inner(file.properties?.["nodes"]);
  const services = inner(file.properties?.["services"]).anyOf ?? [];
  const example = await Deno.readTextFile(new URL("../../examples/quorate.yaml", import.meta.url));
  const places = candidates({ env: { HOME: "~", XDG_CONFIG_HOME: "$XDG_CONFIG_HOME" } }).map((c) =>
    code(c.path)
  );
  return [
    "# The config",
    "<!-- Made by `deno task docs` of the schema in src/config. -->",
    "One YAML file, or a folder of them ([fleets.md](fleets.md)). `quorate init` writes one with comments, `quorate validate` checks it without touching any host, and " +
    "`quorate schema` prints the JSON Schema that editors complete and check with.",
    `It is looked for in this order: \`-c FILE\` (or a folder), \`$QUORATE_CONFIG\`, ${places.join(", ")}.`,
    "A duration is a whole number and a unit: `500ms`, `5s`, `10m`, `1h`. A name has letters, digits, `.`, `_` and " +
    "`-`, and starts with a letter or digit. Keys that are not on this page are errors.",
    `\`\`\`yaml\n${example.trimEnd()}\n\`\`\``,
    "## The file",
    table(file),
    "## ssh",
    "At the top for all nodes, and under a node for what differs there. What is left out comes from ssh_config.",
    table(file.properties?.["ssh"] ?? {}),
    "## lock",
    "For two or more management nodes; [fleets.md](fleets.md) tells who acts when.",
    table(file.properties?.["lock"] ?? {}),
    "## nodes.NAME",
    table(node),
    "## services.NAME",
    ...services.slice(0, 1).flatMap((service) => {
      const { options: _, policy, ...own } = service.properties ?? {};
      const plugin = { ...own["plugin"], anyOf: services.flatMap((s) => s.properties?.["plugin"] ?? []) };
      const properties = {
        ...own,
        plugin,
        options: { type: "object", description: "The options of its plugin." },
        policy: short(policy),
      };
      return [table({ ...service, properties }), "### policy", table(policy ?? {})];
    }),
    ...services.flatMap(({ properties: { plugin, options } = {} }) => [
      `### options of ${plugin?.const ?? "PLUGIN"}`,
      table(options ?? {}),
    ]),
  ].join("\n\n");
}

/** What stands under each name of a map. */
const inner = (map: Schema | undefined): Schema =>
  typeof map?.additionalProperties === "object" ? map.additionalProperties : {};
/** A map that has a table of its own. */
const short = (schema: Schema = {}): Schema => ({ type: "object", description: schema.description ?? "" });

function table(schema: Schema): string {
  return [row("key", "value", "default", "meaning"), row("---", "---", "---", "---"), ...rows(schema, "")]
    .join("\n");
}

/** A row for each key; the keys of a map inside stand after a dot. */
function rows(schema: Schema, before: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]) => {
    const key = `${before}${name}`;
    const map = [one, ...one.anyOf ?? []].find((s) => s.properties !== undefined);
    const apart = name === "ssh" || name === "lock";
    const needed = schema.required?.includes(name) === true;
    const about = one.description ?? one.anyOf?.map((s) => s.description).join(" Or: ") ?? "";
    return [
      row(code(key), valueOf(one), needed ? "needed" : defaultOf(one), about),
      ...(map === undefined || apart ? [] : rows(map, `${key}.`)),
    ];
  });
}

const defaultOf = ({ default: value }: Schema): string =>
  value === undefined || (typeof value === "object") ? "" : code(JSON.stringify(value).replaceAll('"', ""));

function valueOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(valueOf).join(" or ");
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((one) => code(String(one))).join(" or ");
  switch (schema.type) {
    case "string":
      return schema.pattern?.endsWith("(?:ms|s|m|h)$")
        ? "duration"
        : schema.pattern?.startsWith("^\\/")
        ? "absolute path"
        : "text";
    case "integer":
      return schema.minimum === undefined || schema.maximum === undefined
        ? "whole number"
        : `whole number, ${schema.minimum} to ${schema.maximum}`;
    case "boolean":
      return "`true` or `false`";
    case "array":
      return "list";
    default:
      return "map";
  }
}
