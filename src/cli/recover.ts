import { type Again, recoverBy } from "../engine/again.ts";
import { judgeRecovery } from "../rules/s19_recover.ts";
import { again } from "./again.ts";
import { type Cli, EXIT } from "./cli.ts";
import type { RecoverFlags } from "./commands/lost.ts";

/** `quorate recover SERVICE`: begins again with the most advanced disk that is left (S19). */
export default function recover(cli: Cli, flags: RecoverFlags, name: string): Promise<number> {
  return again(cli, flags, name, ({ service, target }) => {
    if (service.survey === undefined) {
      return { why: `the plugin ${service.plugin} cannot recover a service`, code: EXIT.failed };
    }
    const wishes = { gone: flags.gone ?? [], ...(flags.from === undefined ? {} : { from: flags.from }) };
    const how: Pick<Again, "judge" | "change"> = {
      judge: (seen, surveyed) => judgeRecovery(target, seen, surveyed, wishes),
      change: (begins, token) => {
        if (begins.kind === "snapshot") throw new TypeError("Cannot recover from a snapshot");
        return recoverBy(begins, token);
      },
    };
    return { how };
  });
}
