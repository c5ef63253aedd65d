/**
 * One mutant for each safety rule, which switches off just that rule; and where the shipped playbook would never ask for
 * what a rule forbids, the careless playbook with it that would.
 */
import type { Edit, Mutant } from "./mutants.ts";

export interface RuleMutant extends Mutant {
  readonly rule: string;
  /** Unit and golden tests that hold the same rule. */
  readonly tests: readonly string[];
  /** It is about what the planner check has none of: the engine, versions, hands that change the members at that moment. */
  readonly beyondPlanner: boolean;
}

const edit = (file: string, find: string, plant: string): Edit => ({ file, find, plant });
const rules = (file: string) => (find: string, plant: string): Edit =>
  edit(`src/rules/${file}.ts`, find, plant);
const pieces = (find: string, plant: string): Edit => edit("plugins/etcd/pieces.ts", find, plant);
const shared = (find: string, plant: string): Edit => edit("src/playbook/pieces.ts", find, plant);
const playbook = (find: string, plant: string): Edit => edit("plugins/etcd/playbook.ts", find, plant);

const s01 = rules("s01_absent");
const s03 = rules("s03_identity");
const s05 = rules("s05_two_signals");
const s08 = rules("s08_learner_first");
const order = rules("order");
const seeing = ["test/unit/rules/seeing_test.ts", "test/unit/observe", "test/unit/classify"];
const changing = [
  "test/unit/rules/changing_test.ts",
  "test/unit/rules/effects_test.ts",
  "test/unit/classify",
];
const engine = ["test/unit/engine/apply_test.ts", "test/unit/engine/broken_off_test.ts"];

const mutant = (
  rule: string,
  name: string,
  tests: readonly string[],
  ...edits: readonly Edit[]
): RuleMutant => ({ rule, name, tests, edits, beyondPlanner: false });

/** The same where the planner check could not see it. */
const beyond = (...args: Parameters<typeof mutant>): RuleMutant => ({
  ...mutant(...args),
  beyondPlanner: true,
});

export const ruleMutants: readonly RuleMutant[] = [
  mutant(
    "S1",
    "absence needs no proof: a host that cannot be asked or holds data forbids no bootstrap",
    seeing,
    s01(
      "  const wanted = new Set(target.desired.map((n) => n.name));\n  // Our own",
      "  if (target.desired.length > 0) return [];\n  const wanted = new Set(target.desired.map((n) => n.name));\n  // Our own",
    ),
  ),
  mutant(
    "S1",
    "only desired nodes are looked at before a bootstrap, not every host",
    seeing,
    s01(
      "  const traces = target.nodes.flatMap(",
      "  const traces = target.nodes.filter((n) => wanted.has(n.name)).flatMap(",
    ),
  ),
  mutant(
    "S1",
    "a node that was started as new and is empty now is started as new again",
    seeing,
    s01(
      'f !== undefined && intentOf(f).length > 0 && (f.started === "none" || f.data.state === "present")',
      "f !== undefined",
    ),
    edit(
      "plugins/etcd/playbook.ts",
      'f.seen.nodes[n.name]?.started === "none");',
      'f.seen.nodes[n.name]?.data.state === "empty");',
    ),
    playbook(
      "startNew(n, kept(s), sh`etcd_start_new ${s.service}",
      "startNew(n, kept(s), sh`quorate_unmark ${s.service} started && etcd_start_new ${s.service}",
    ),
    edit(
      "src/playbook/pieces.ts",
      '    effect: starts(n, "new"),\n    unless: markedStarted(n),',
      '    effect: starts(n, "new"),\n    idempotent: true,',
    ),
  ),
  mutant(
    "S1",
    "a few members that answer and were never latched are taken for the service",
    seeing,
    s01(
      'if (seen.state !== "held" || Object',
      'if (seen.state === "held") return [];\n  if (seen.state !== "held" || Object',
    ),
  ),
  mutant(
    "S2",
    "a member list counts without a linearizable read",
    seeing,
    rules("s02_truth")('v.linearizable === "yes" && v.identity', "v.identity"),
  ),
  beyond(
    "S2",
    "lists that differ are no reason to look again",
    seeing,
    rules("s02_truth")(
      "  const [first, ...rest] = truths;",
      "  const [first, ...rest] = truths.slice(0, 1);",
    ),
  ),
  beyond(
    "S3",
    "a node that contradicts itself is believed",
    seeing,
    s03("  const found: Refusal[] = [];", "  if (f.reached) return [];\n  const found: Refusal[] = [];"),
  ),
  beyond(
    "S3",
    "data and latches of another cluster are nobody's business",
    seeing,
    s03("  if (other === undefined) return [];", '  if (other === undefined || own !== "") return [];'),
  ),
  beyond(
    "S3",
    "two clusters that both serve are no reason to stop",
    seeing,
    s03("if (ids.size < 2) return [];", "if (ids.size < 9) return [];"),
  ),
  mutant(
    "S3",
    "what is not found where it was is taken for wiped",
    [...seeing, "test/property/core_test.ts"],
    edit(
      "src/classify/repairs.ts",
      '  (f.data.state === "empty" || f.data.state === "blank") &&\n  (typeof f.latch !== "string" || typeof f.started !== "string");',
      '  f.data.state !== "present" && f.reached;',
    ),
    playbook(
      "blank ? dataBlank(f.node) : dataEmpty(f.node)",
      "any(dataEmpty(f.node), not(dataEmpty(f.node)), not(quorumHeld), quorumHeld)",
    ),
    playbook("import {\n  again,\n  type Case,", "import {\n  again,\n  any,\n  type Case,\n  not,"),
  ),
  mutant(
    "S4",
    "who cannot be reached over SSH is dead",
    seeing,
    s05("  return word(peers);\n}", '  return node?.reached ? word(peers) : "unhealthy";\n}'),
  ),
  mutant(
    "S4",
    "of whom nothing is known is dead",
    seeing,
    s05(
      'export const dead = (m: Member): boolean => m.health === "unhealthy";',
      'export const dead = (m: Member): boolean => m.health !== "healthy";',
    ),
  ),
  mutant(
    "S5",
    "a member's local status is enough to be healthy",
    seeing,
    s05('if (view.linearizable === "yes" && view.local === "yes")', 'if (view.local === "yes")'),
  ),
  mutant(
    "S6",
    "the quorum is not projected",
    changing,
    rules("s06_project")("if (after.quorum.margin < 0) {", "if (after.quorum.margin < -99) {"),
  ),
  mutant(
    "S7",
    "safety is spent while another member is out of order",
    changing,
    rules("s06_project")(
      "if (hurt.length > 0 && after",
      "if (hurt.length > 99 && after",
    ),
  ),
  beyond(
    "S7",
    "the cluster does not come to rest between two changes",
    engine,
    edit(
      "src/engine/apply.ts",
      "    if (disturbs(change)) await",
      "    if (disturbs(change) && times > 9) await",
    ),
  ),
  mutant(
    "S8",
    "learners may be as many as they like",
    changing,
    s08(
      "if (waiting === undefined) return undefined;",
      'if (waiting === undefined || node !== "") return undefined;',
    ),
    edit("src/classify/classify.ts", "        ...findUnfinishedJoins(i),\n", ""),
    edit(
      "src/classify/classify.ts",
      "import { findMembership, findUnfinishedJoins } from",
      "import { findMembership } from",
    ),
  ),
  mutant(
    "S8",
    "a learner is promoted before it is in sync",
    changing,
    s08(
      'if (member !== undefined && member.name !== "" && member.caughtUp === "yes") return undefined;',
      "if (member !== undefined) return undefined;",
    ),
    pieces("wait(any(caughtUp(n), all(voter(n), healthy(n))))", "wait(recorded(n))"),
    shared(
      "step(`start-existing:${n.name}`, run(sh`quorate_start ${k.unit}`), {",
      "step(`start-existing:${n.name}`, run(sh`systemctl start --no-block ${k.unit}`), {",
    ),
  ),
  mutant(
    "S8",
    "a member joins as a voter",
    ["test/golden/plan_test.ts"],
    pieces("member add ${n.name} --learner --peer-urls", "member add ${n.name} --peer-urls"),
  ),
  mutant(
    "S9",
    "one run removes as many as it likes",
    [...changing, ...engine],
    rules("s09_cap")(
      "if (removals.done < cap) return undefined;",
      "if (removals.done < cap + 99) return undefined;",
    ),
  ),
  mutant(
    "S10",
    "a config that keeps no member is followed",
    [...changing, "test/golden/plan_test.ts"],
    rules("s10_move_all")("if (target.policy.moveAll ||", "if (recorded.length > 0 ||"),
  ),
  mutant(
    "S11",
    "a leader is removed and restarted without handing over",
    changing,
    rules("s11_leader_last")("if (!member.leader || heir", 'if (member.id !== "" || heir'),
    pieces("given(s.seen.quorum.healthy > 1 && m, () => [", "given(s.seen.quorum.healthy > 99 && m, () => ["),
  ),
  mutant(
    "S12",
    "a node is registered before it is made ready",
    changing,
    order(
      'if (e.does === "registersLearner" && !earlier',
      'if (e.does === "nothing" && e.does !== e.does && !earlier',
    ),
    pieces(
      "    ...stage(n, s),\n    step(\n      `register-learner",
      "    step(\n      `register-learner",
    ),
    pieces(
      "    startExisting(n, kept(s)),",
      "    ...stage(n, s),\n    startExisting(n, kept(s)),",
    ),
  ),
  mutant(
    "S12",
    "the initial cluster is the config's list, not the live one",
    ["test/golden/plan_test.ts", "test/unit/plan"],
    edit(
      "plugins/etcd/derive.ts",
      "      return initialCluster(seen);",
      '      return desired.map((n) => `${n.name}=http://${n.address}:2380`).join(",");',
    ),
  ),
  beyond(
    "S13",
    "a failed join is not taken back",
    engine,
    edit(
      "src/engine/change.ts",
      'if (broken.kind === "failed") await undo(scene, tried);',
      'if (broken.kind === "done") await undo(scene, tried);',
    ),
  ),
  beyond(
    "S13",
    "a lost reply is taken for a failure without a look",
    engine,
    edit(
      "src/engine/act.ts",
      "      if (lost >= LOST_TRIES) return failed;",
      "      if (lost >= 0) return failed;",
    ),
  ),
  mutant(
    "S14",
    "data is deleted instead of set aside",
    ["test/unit/node/fence_test.ts", "test/golden/plan_test.ts"],
    shared(
      "sh`quorate_set_aside ${k.dataDir} ${whose} ${k.diskId} ${k.unit} ${k.process} && quorate_unmark",
      "sh`rm -rf -- ${k.dataDir} && quorate_unmark",
    ),
  ),
  mutant(
    "S15",
    "data of a current member may be set aside, by a playbook that does not look whose it is",
    changing,
    edit(
      "src/rules/effects.ts",
      "      return notACurrentMember(seen, effect.node);",
      '      return seen.state === "held" ? undefined : notACurrentMember(seen, effect.node);',
    ),
    playbook(
      'return [startOwn(f.node, f.seen, kept(s)), waitSettled("wait-all", [f.node], f.seen)];',
      `return [fence(f.node, kept(s)),
      step("away", run(sh\`mv \${s.options.dataDir} \${s.options.dataDir}.old\`), {
        on: node(f.node), effect: { does: "setsAside", node: f.node.name, whose: "any" }, idempotent: true,
      }),
      stage(f.node, s), startOwn(f.node, f.seen, kept(s)), waitSettled("wait-all", [f.node], f.seen)].flat();`,
    ),
  ),
  mutant(
    "S16",
    "data is set aside before its process is stopped",
    changing,
    order(
      'if ((e.does === "setsAside" || e.does === "succeeds") && !earlier',
      'if (e.does === "succeeds" && !earlier',
    ),
    rules("s15_data")('if (facts.process !== "no") {', 'if (facts.process === "unknown") {'),
    shared("    fence(at, k),\n    setAside(at, m.id, k),", "    setAside(at, m.id, k),\n    fence(at, k),"),
    shared(
      "sh`quorate_set_aside ${k.dataDir} ${whose} ${k.diskId} ${k.unit} ${k.process} && quorate_unmark",
      "sh`mv ${k.dataDir} ${k.dataDir}.old && quorate_unmark",
    ),
    rules("s15_data")(
      "if (seen.members.some((m) => m.id === memberId)) {",
      'if (seen.members.some((m) => m.id === memberId + "?")) {',
    ),
  ),
  mutant(
    "S17",
    "who was removed is not put away",
    ["test/golden/plan_test.ts", ...engine],
    shared("    fence(at, k),\n    setAside(at, m.id, k),", ""),
    edit("src/classify/classify.ts", "        ...findRetirees(i),\n", ""),
    edit("src/classify/classify.ts", "import { findRetirees, findRisen }", "import { findRisen }"),
  ),
  beyond(
    "S17",
    "a member on no node of the config is removed, although it cannot be fenced",
    [...changing, "test/golden/plan_test.ts"],
    rules("s17_unfenced")(
      "member.node !== undefined || removeUnfenced",
      "member.node !== undefined || !removeUnfenced",
    ),
  ),
  mutant(
    "S18",
    "the members are changed without a snapshot",
    [...changing, "test/golden/plan_test.ts"],
    order(
      "if (changesMembership(e) && backup && !fetched) {",
      'if (changesMembership(e) && backup && !fetched && step.id === "") {',
    ),
    pieces("return given(s.backup && from !== undefined", "return given(!s.backup && from !== undefined"),
  ),
  beyond(
    "S18",
    "a snapshot counts whatever its hash",
    ["test/unit/engine/fetch_test.ts"],
    edit("src/engine/fetch.ts", "if (ours !== theirs)", 'if (ours === "" && ours !== theirs)'),
  ),
  mutant(
    "S19",
    "a lost quorum is restarted as if it could come back",
    ["test/unit/classify", "test/golden/plan_test.ts"],
    edit(
      "src/classify/unformed.ts",
      "  const { needed } = quorumOf(size, 0);\n  const judged",
      "  const needed = Math.min(1, size);\n  const judged",
    ),
  ),
  mutant(
    "S19",
    "a lost quorum is bootstrapped anew",
    ["test/unit/classify", "test/golden/plan_test.ts"],
    edit("src/classify/classify.ts", "      return restartOrLost(i);", "      return bootstrapOr(i);"),
    edit(
      "src/classify/classify.ts",
      "import { bootstrapOr, restartOrLost } from",
      "import { bootstrapOr } from",
    ),
    s01(
      "  const wanted = new Set(target.desired.map((n) => n.name));\n  // Our own",
      "  if (target.desired.length > 0) return [];\n  const wanted = new Set(target.desired.map((n) => n.name));\n  // Our own",
    ),
  ),
  beyond(
    "S20",
    "no lock is needed on a majority of the nodes",
    engine,
    edit(
      "src/engine/apply.ts",
      "      const busy = await this.locks.majority(this.service.target, seen);",
      "      const busy = seen.at < 0 ? await this.locks.majority(this.service.target, seen) : undefined;",
    ),
    edit("src/engine/act.ts", '    if (lost !== undefined) return { kind: "refused", refusal: lost };', ""),
  ),
  beyond(
    "S20",
    "the locks are not checked before what cannot be taken back",
    engine,
    edit("src/engine/act.ts", '    if (lost !== undefined) return { kind: "refused", refusal: lost };', ""),
  ),
  beyond(
    "S22",
    "versions may meet as they like",
    ["test/unit/etcd/versions_test.ts"],
    edit(
      "plugins/etcd/versions.ts",
      "  if (broken === undefined) return undefined;",
      '  if (broken === undefined || seen.state === "held") return undefined;',
    ),
  ),
  mutant(
    "S23",
    "a paused service is changed",
    [...changing, "test/golden/plan_test.ts"],
    rules("s23_paused")("  target.policy.paused\n", '  target.policy.paused && target.service === ""\n'),
  ),
  beyond(
    "S24",
    "a guard that cannot be answered lets the step run",
    engine,
    edit(
      "src/engine/act.ts",
      'if (said === "unknown") return { kind: "refused", refusal: notKnown(step.id, probe) };',
      'if (said === "unknown") return { kind: "go" };',
    ),
  ),
  mutant(
    "S24",
    "without a quorum in sight nothing counts against a change",
    changing,
    edit(
      "src/rules/effects.ts",
      'if (seen.state === "held" || !counts) return undefined;',
      'if (seen.state !== "never-formed" || !counts) return undefined;',
    ),
  ),
  mutant(
    "S24",
    "without a quorum who is not seen in the record is not recorded",
    ["test/unit/playbook/evaluate_test.ts"],
    edit("src/playbook/evaluate.ts", '      if (seen.state !== "held") return "unknown";', ""),
  ),
  mutant(
    "S25",
    "a member that never started is taken for one that did",
    [...changing, ...seeing],
    edit(
      "src/model/observation.ts",
      'export const neverStarted = (m: Member): boolean => m.name === "";',
      'export const neverStarted = (m: Member): boolean => m.name === "?";',
    ),
  ),
];
