import type { Config } from "../config/config.ts";
import type { Line } from "../report/lines.ts";
import { type Cli, EXIT, type GlobalFlags, print } from "./cli.ts";
import { readConfigs, withBroken } from "./config.ts";
import { count } from "../report/words.ts";

/** `quorate validate`: reads the config, tells every problem and warning. */
export default async function validate(cli: Cli, flags: GlobalFlags): Promise<number> {
  const read = await readConfigs(cli, flags);
  if (read === undefined) return EXIT.config;
  if (!flags.quiet) print(cli, flags, read.configs.flatMap(valid));
  return withBroken(read, EXIT.ok);
}

const valid = (config: Config): readonly Line[] => [
  [
    ["green", `${config.path} is valid: `],
    `${count(config.nodes.length, "node")}, ${count(config.services.length, "service")}`,
  ],
  ...config.services.map((s) => [
    `  ${s.name}: ${s.plugin.name} on ${s.members.map((n) => n.name).join(", ")}` +
    (s.playbook === undefined ? "" : `, by ${s.playbook.path}`),
  ]),
];
