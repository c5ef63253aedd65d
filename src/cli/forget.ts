import { forgetCluster, type Forgotten, type Remains } from "../engine/forget.ts";
import { refusalBlock } from "../report/blocks.ts";
import type { Line } from "../report/lines.ts";
import type { ForgetFlags } from "./commands/lost.ts";
import { type Cli, EXIT, misused, print, say, stateDir } from "./cli.ts";
import { compose } from "./compose.ts";
import { chosen, readConfigs } from "./config.ts";

/** `quorate forget SERVICE --cluster-id X`: takes away what was written down of a cluster that was destroyed. */
export default async function forget(cli: Cli, flags: ForgetFlags, name: string): Promise<number> {
  const { clusterId } = flags;
  if (!/^[0-9A-Za-z]{1,64}$/.test(clusterId)) {
    return misused(
      cli,
      flags,
      `${clusterId} is no cluster id: take it as \`quorate status\` or a latch tells it`,
    );
  }
  const asks = cli.err.terminal && Deno.stdin.isTerminal() && !flags.noInput;
  if (!flags.yes && !asks) {
    return misused(cli, flags, "forget asks a person on a terminal: without one, say --yes");
  }
  const read = await readConfigs(cli, flags, false);
  if (read === undefined) return EXIT.config;
  const services = chosen(cli, flags, read, [name]);
  if (typeof services === "number") return services;
  const composed = compose(services, stateDir(cli, flags));
  try {
    const [run] = composed.runs;
    if (run === undefined) throw new TypeError(`${name} was not bound`);
    const confirm = (remains: Remains): Promise<boolean> => {
      say(cli, flags, [[`to take away: ${remainsText(name, remains)}`]]);
      return Promise.resolve(
        flags.yes ||
          prompt(`Type the cluster's id, ${clusterId}, to forget it for good:`)?.trim() === clusterId,
      );
    };
    return told(cli, flags, name, await forgetCluster(run, clusterId, confirm));
  } finally {
    await composed.close();
  }
}

const remainsText = (service: string, { nodes, memory }: Remains): string =>
  [
    ...(nodes.length === 0
      ? []
      : [`latch, started and intent in /var/lib/quorate/${service} on ${nodes.join(", ")}`]),
    ...(memory ? ["this manager's memory of the cluster"] : []),
  ].join("; ") || "nothing";

function told(cli: Cli, flags: ForgetFlags, service: string, end: Forgotten): number {
  const id = flags.clusterId;
  const bad = (lines: readonly Line[], code: number): number => {
    say(cli, flags, lines);
    return code;
  };
  switch (end.kind) {
    case "forgotten":
      if (!flags.quiet) {
        print(cli, flags, [[
          ["green", `cluster ${id} is forgotten: `],
          `taken away: ${remainsText(service, end.remains)}`,
        ]]);
      }
      return EXIT.ok;
    case "nothing":
      if (!flags.quiet) {
        const others = end.others.length === 0
          ? "no latch lies on any node"
          : `latches are of ${end.others.join(", ")}`;
        print(cli, flags, [[`nothing is written down of cluster ${id}: ${others}`]]);
      }
      return EXIT.ok;
    case "refused":
      return bad(
        [[["yellow", `${service}: nothing was taken away`]], ...refusalBlock(end.refusals)],
        EXIT.refused,
      );
    case "busy":
      return bad(
        [[["red", "quorate: "], `another manager is at work (${end.holder}): try again`]],
        EXIT.failed,
      );
    case "declined":
      return bad([["nothing was taken away"]], EXIT.failed);
    case "failed":
      return bad([
        [["red", `quorate: ${end.node}: `], end.why],
        [`taken away on ${end.gone.join(", ") || "no node"}; the same command again goes on`],
      ], EXIT.failed);
  }
}
