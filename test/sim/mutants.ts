/** Bugs planted on purpose: each is one change of the text of a source file, or a few. */

export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly plant: string;
}
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

const edit = (file: string, find: string, plant: string): Edit => ({ file, find, plant });
const pieces = (find: string, plant: string): Edit => edit("plugins/etcd/pieces.ts", find, plant);
const playbook = (find: string, plant: string): Edit => edit("plugins/etcd/playbook.ts", find, plant);

/** Mistakes that the author of a playbook could make. */
export const playbookMutants: readonly Mutant[] = [
  {
    name: "a member is added as a voter, not as a learner",
    edits: [pieces(
      "member add ${n.name} --learner --peer-urls",
      "member add ${n.name} --peer-urls",
    )],
  },
  {
    name: "the data of a crashed member is set aside without a look at whose it is",
    edits: [playbook(
      'return [startOwn(f.node, f.seen, kept(s)), waitSettled("wait-all", [f.node], f.seen)];',
      `return [
      step("away", run(sh\`mv \${s.options.dataDir} \${s.options.dataDir}.old\`), {
        on: node(f.node), effect: { does: "nothing" }, idempotent: true,
      }),
      startOwn(f.node, f.seen, kept(s)), waitSettled("wait-all", [f.node], f.seen)];`,
    )],
  },
  {
    name: "members are removed without a projection of the quorum",
    edits: [edit(
      "src/rules/s06_project.ts",
      "if (after.quorum.margin < 0) {",
      "if (before.quorum.voters >= 0) return undefined;\n  if (after.quorum.margin < 0) {",
    )],
  },
  {
    name: "a learner is promoted before it has caught up",
    edits: [
      edit(
        "src/playbook/pieces.ts",
        "step(`start-existing:${n.name}`, run(sh`quorate_start ${k.unit}`), {",
        "step(`start-existing:${n.name}`, run(sh`systemctl start --no-block ${k.unit}`), {",
      ),
      pieces(
        "wait(any(caughtUp(n), all(voter(n), healthy(n))))",
        "wait(any(recorded(n), caughtUp(n), all(voter(n), healthy(n))))",
      ),
    ],
  },
  {
    name: "a join that fails is not taken back",
    edits: [pieces(
      "        undo: {\n          command: sh`${ctl(s)} member remove ${memberId({ node: n.name })}`,",
      "        ...{}, undone: {\n          command: sh`${ctl(s)} member remove ${memberId({ node: n.name })}`,",
    )],
  },
];
