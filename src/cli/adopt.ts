/**
 * `quorate init --from HOST`: a config of a cluster that others built.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import { adopt, type Adopter, type Adoption, type From, onlyLatches, type Refused } from "../adopt/adopt.ts";
import { parseConfig } from "../config/read.ts";
import { lookAt } from "../engine/mod.ts";
import type { ServicePlan } from "../model/plan.ts";
import { planService } from "../plan/plan.ts";
import type { Remark } from "../playbook/adopt.ts";
import { changeText } from "../report/plan_text.ts";
import { refusalBlock } from "../report/blocks.ts";
import { hang, type Line } from "../report/lines.ts";
import { count } from "../report/words.ts";
import { parseHop } from "../ssh/endpoint.ts";
import { sshFleet } from "../ssh/fleet.ts";
import type { InitFlags } from "./commands/config.ts";
import { type Cli, EXIT, misused, say, stateDir } from "./cli.ts";
import { compose } from "./compose.ts";
import { configFlag, THERE, writeNew } from "./init.ts";
import { exitCode } from "./plans.ts";
import { plugins } from "./plugins.ts";

const QUORUM_LOST = 4;

export default async function adoptFrom(cli: Cli, flags: InitFlags, file: string): Promise<number> {
  const from = (flags.from ?? []).map(readFrom);
  const wrong = from.find((f) => typeof f === "string");
  if (typeof wrong === "string") {
    return misused(cli, flags, `cannot read --from ${wrong}: write [user@]host[:port]`);
  }
  const wishes = (flags.option ?? []).map((text) => /^([A-Za-z][A-Za-z0-9.]*)=(.+)$/.exec(text) ?? text);
  const unread = wishes.find((w) => typeof w === "string");
  if (typeof unread === "string") {
    return misused(cli, flags, `cannot read --option ${unread}: write NAME=VALUE`);
  }
  const able = plugins.filter((p) => flags.service === undefined || p.name === flags.service)
    .flatMap(({ name, adopt }): readonly Adopter[] => adopt === undefined ? [] : [{ name, adopt }]);
  if (able.length === 0) return misused(cli, flags, `${flags.service} takes over no clusters yet`);
  // Before a minute of looking.
  if (file !== "-" && await exists(isAbsolute(file) ? file : join(cli.cwd, file))) {
    say(cli, flags, [[["red", "quorate: "], `cannot write ${file}: ${THERE}`]]);
    return EXIT.failed;
  }
  const adoption = await adopt(
    {
      plugins: able,
      fleet: (targets) => sshFleet(targets),
      plan: (text) => planOf(text, file, stateDir(cli, flags)),
    },
    distinct(from.flatMap((f) => typeof f === "string" ? [] : [f])),
    Object.fromEntries(wishes.flatMap((w) => typeof w === "string" ? [] : [[w[1] ?? "", w[2] ?? ""]])),
  );
  if (adoption.kind !== "config") {
    say(cli, flags, [
      [["red", "quorate: "], headline[adoption.kind]],
      ...adoption.remarks.flatMap(remarkLines),
    ]);
    return codes[adoption.kind];
  }
  if (!await writeNew(cli, flags, file, adoption.text)) return EXIT.failed;
  const empty = onlyLatches(adoption.plan);
  if (!flags.quiet || !empty) say(cli, flags, told(adoption, file));
  return empty ? EXIT.ok : exitCode([adoption.plan], true);
}

const headline = {
  unkeepable: "this cannot be taken over as it is; nothing was written",
  unreached: "not every host can be looked at; nothing was written",
  quorumLost: "the quorum is lost; nothing was written",
} as const;
const codes = { unkeepable: EXIT.config, unreached: EXIT.failed, quorumLost: QUORUM_LOST } as const;

function readFrom(text: string): From | string {
  const hop = parseHop(text);
  return hop === undefined ? text : { text, ...hop };
}
const distinct = (
  from: readonly From[],
): readonly From[] => [...new Map(from.map((f) => [f.text, f])).values()];

/** The ordinary loader and the ordinary look. */
async function planOf(text: string, file: string, state: string): Promise<ServicePlan | Refused> {
  const { config, problems } = parseConfig(text, file, plugins);
  if (config === undefined) {
    const wrong = problems.filter((p) => p.severity === "error");
    return {
      kind: "unkeepable",
      remarks: wrong.map((p) => ({
        kind: "stop",
        what: `a config of it would not be valid: ${p.message}`,
        now: `it takes ${
          p.expected ?? p.hint ?? "something else"
        }: change it on the hosts, or name it by --option`,
      })),
    };
  }
  const composed = compose(config.services.map((service) => ({ config, service })), state);
  try {
    const [run] = composed.runs;
    if (run === undefined) throw new Error("the config that was made has no service");
    return planService(run.service, run.target, await lookAt(run));
  } finally {
    await composed.close();
  }
}

function told(
  { plan, remarks, unseen }: Extract<Adoption, { kind: "config" }>,
  file: string,
): readonly Line[] {
  const written = file === "-" ? "the config" : `${file} is written: it`;
  const names = plan.changes.flatMap(({ change }) =>
    change.case === "repairConfig" ? [change.node.name] : []
  );
  const first = names.length === 0
    ? "the first `quorate apply` would change nothing"
    : `the first \`quorate apply\` would only latch ${
      names.join(", ")
    }: write down there which member each is`;
  return [
    [`${written} keeps ${count(plan.seen.members.length, "member")} of cluster ${plan.seen.clusterId ?? ""}`],
    ...remarks.flatMap(remarkLines),
    ...(onlyLatches(plan) ? [[["green", first] as const]] : [
      [["yellow", "the first plan would not be empty:"] as const],
      ...plan.changes.slice(0, 1).flatMap((change) => changeText(change)),
      ...refusalBlock(plan.refusals),
    ]),
    [`read it, then run \`quorate plan${configFlag(file)}\`${
      unseen.length === 0 ? "" : ` once ${unseen.join(", ")} can be reached`
    }`],
  ];
}

const remarkLines = (remark: Remark): readonly Line[] => [
  ...hang(remark.kind === "stop" ? "  what    " : "  note    ", remark.what, "yellow"),
  ...hang("  now     ", remark.now, "bold"),
];

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
