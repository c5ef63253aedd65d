/**
 * Each folder of `plan/` holds an `input.yaml`, what is desired and what is seen, and a `plan.txt`, what follows from
 * it. `UPDATE_GOLDEN=1 deno task test:unit` writes the plans anew: read the difference before you commit it.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { etcd } from "../../plugins/etcd/mod.ts";
import { classify } from "../../src/classify/classify.ts";
import * as v from "valibot";
import { optionsSchema } from "../../src/config/options.ts";
import type { HostNode, NodeFacts } from "../../src/model/node.ts";
import type { Member, Memory, Observation, Policy, Target } from "../../src/model/observation.ts";
import { voters } from "../../src/model/observation.ts";
import { planService } from "../../src/plan/plan.ts";
import { sampleCluster, sampleNever, samplePolicy } from "../../src/plan/sample.ts";
import { planText } from "../../src/report/plan_text.ts";
import { ink } from "../../src/report/lines.ts";
import { recount } from "../../src/rules/project.ts";

interface Input {
  /** All hosts; those of `desired` and `recorded` unless told. */
  readonly hosts?: readonly string[];
  readonly desired: readonly string[];
  readonly recorded?: readonly string[];
  readonly state?: Observation["state"];
  readonly members?: Readonly<Record<string, Partial<Member>>>;
  readonly nodes?: Readonly<Record<string, Partial<NodeFacts>>>;
  readonly policy?: Partial<Policy>;
  readonly memory?: Memory;
  readonly options?: Readonly<Record<string, unknown>>;
}

const folder = new URL("./plan/", import.meta.url);
for (const { name } of [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`plan: ${name}`, () => {
    const input = read(Deno.readTextFileSync(new URL(`${name}/input.yaml`, folder)));
    const golden = new URL(`${name}/plan.txt`, folder);
    const said = planned(input);
    if (Deno.env.get("UPDATE_GOLDEN") === "1") Deno.writeTextFileSync(golden, said);
    assert.equal(said, Deno.readTextFileSync(golden));
  });
}

/** The file is ours: its shape is the interface above. */
const read = (text: string): Input => parse(text, { merge: true });

function planned(input: Input): string {
  const names = input.hosts ?? [...new Set([...input.desired, ...input.recorded ?? []])].sort();
  const nodes = names.map((name, i): HostNode => ({
    name,
    host: name,
    address: `10.0.0.${11 + i}`,
    labels: {},
  }));
  const some = (which: readonly string[]) =>
    which.map((name) => {
      const found = nodes.find((n) => n.name === name);
      if (found === undefined) throw new Error(`${name} is not among hosts`);
      return found;
    });
  const target: Target = {
    service: "metadata",
    desired: some(input.desired),
    nodes,
    policy: { ...samplePolicy, ...input.policy },
  };
  const base = input.recorded === undefined
    ? sampleNever(target)
    : sampleCluster(target, some(input.recorded));
  const seen = recount({
    ...base,
    state: input.state ?? base.state,
    members: base.members.map((m) => unhosted({ ...m, ...input.members?.[m.node ?? ""] })),
    nodes: Object.fromEntries(
      Object.entries(base.nodes).map(([n, f]) => [n, { ...f, ...input.nodes?.[n] }]),
    ),
  });
  const service = etcd.bind({
    name: "metadata",
    options: v.parse(optionsSchema(etcd.options), input.options ?? {}),
    nodes,
  });
  const memory = input.memory ?? { attempts: {} };
  const verdict = classify({
    target,
    seen,
    memory,
    judge: service,
    wallMs: 1_000_000,
    token: "0123456789abcdef0123456789abcdef",
    removals: { done: 0, votersAtStart: voters(seen).length },
    patient: false,
  });
  const looked = { seen, verdict, memory, wallMs: 1_000_000 };
  return ink(planText(planService(service, target, looked)), false);
}

/** `node: "-"` is a member on no node of the config. */
const unhosted = (m: Member): Member => m.node === "-" ? { ...m, node: undefined } : m;
