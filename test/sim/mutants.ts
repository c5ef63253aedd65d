/** Bugs planted on purpose: each is one change of the text of a source file. */

export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly plant: string;
}
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** Mistakes that the author of a playbook could make. */
export const playbookMutants: readonly Mutant[] = [
  {
    name: "a member is added as a voter, not as a learner",
    edits: [{
      file: "plugins/etcd/pieces.ts",
      find: "member add ${n.name} --learner --peer-urls",
      plant: "member add ${n.name} --peer-urls",
    }],
  },
  {
    name: "the data of a crashed member is set aside without a look at whose it is",
    edits: [{
      file: "plugins/etcd/playbook.ts",
      find: 'return [start(f.node, s), waitSettled("wait-all", s, [f.node])];',
      plant: `return [
      step("away", run(sh\`mv \${s.options.dataDir} \${s.options.dataDir}.old\`), {
        on: node(f.node), effect: { does: "nothing" }, idempotent: true,
      }),
      start(f.node, s), waitSettled("wait-all", s, [f.node])];`,
    }],
  },
  {
    name: "members are removed without a projection of the quorum",
    edits: [{
      file: "src/rules/s06_project.ts",
      find: "if (after.quorum.margin < 0) {",
      plant: "if (before.quorum.voters >= 0) return undefined;\n  if (after.quorum.margin < 0) {",
    }],
  },
  {
    name: "a learner is promoted before it has caught up",
    edits: [{
      file: "plugins/etcd/pieces.ts",
      find: "step(`start-existing:${n.name}`, run(sh`quorate_start ${o.unit}`), {",
      plant: "step(`start-existing:${n.name}`, run(sh`systemctl start --no-block ${o.unit}`), {",
    }, {
      file: "plugins/etcd/pieces.ts",
      find: "wait(any(caughtUp(n), all(voter(n), healthy(n))))",
      plant: "wait(any(recorded(n), caughtUp(n), all(voter(n), healthy(n))))",
    }],
  },
  {
    name: "a join that fails is not taken back",
    edits: [{
      file: "plugins/etcd/pieces.ts",
      find: "        undo: {\n          command: sh`${ctl(s)} member remove ${memberId({ node: n.name })}`,",
      plant:
        "        ...{}, undone: {\n          command: sh`${ctl(s)} member remove ${memberId({ node: n.name })}`,",
    }],
  },
];
