import { type Cli, EXIT, type GlobalFlags, print } from "./cli.ts";
import { readConfig } from "./config.ts";
import { count } from "../report/words.ts";

/** `quorate validate`: reads the config, tells every problem and warning. */
export default async function validate(cli: Cli, flags: GlobalFlags): Promise<number> {
  const config = await readConfig(cli, flags);
  if (config === undefined) return EXIT.config;
  if (flags.quiet) return EXIT.ok;
  print(cli, flags, [
    [
      ["green", `${config.path} is valid: `],
      `${count(config.nodes.length, "node")}, ${count(config.services.length, "service")}`,
    ],
    ...config.services.map((s) => [
      `  ${s.name}: ${s.plugin.name} on ${s.members.map((n) => n.name).join(", ")}` +
      (s.playbook === undefined ? "" : `, by ${s.playbook.path}`),
    ]),
  ]);
  return EXIT.ok;
}
