/** Bugs planted on purpose: each is one change of the text of a source file, or a few. */

export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly plant: string;
}
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Which service's seeds notice it; etcd's if left out. */
  readonly service?: "zookeeper" | "static";
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

const zk = (file: string) => (find: string, plant: string): Edit =>
  edit(`plugins/zookeeper/${file}.ts`, find, plant);
const zkPieces = zk("pieces");
const zkPlaybook = zk("playbook");
/** An empty server makes a database of its own, and votes, as ZooKeeper does unless told otherwise. */
const emptyOnesVote = zk("drift")('"db.autocreate": "false"', '"db.autocreate": "true"');

/** The same for ZooKeeper's. */
export const zookeeperMutants: readonly Mutant[] = [
  {
    name: "ZooKeeper: a server is added as a participant, not as an observer",
    edits: [zkPieces(
      'serverSpec(n, "observer", o)\n          } ${version}',
      'serverSpec(n, "participant", o)\n          } ${version}',
    )],
  },
  {
    name: "ZooKeeper: a wiped server is restarted with those that kept their data, where no quorum is held",
    edits: [
      emptyOnesVote,
      edit(
        "src/classify/unformed.ts",
        '  if (f.data.state !== "present") {',
        '  if (f.data.state === "empty" && typeof f.latch !== "string") return { is: "down" };\n  if (f.data.state !== "present") {',
      ),
      zkPlaybook(
        '    ...f.nodes.map((n) => startAgain(n, scene(f))),\n    step("wait-quorum"',
        `    ...f.nodes.flatMap((n) => {
      const latchOf = (name: string) => {
        const l = f.seen.nodes[name]?.latch;
        return l === undefined || typeof l === "string" ? undefined : l;
      };
      const own = latchOf(n.name);
      if (own === undefined || f.seen.nodes[n.name]?.data.state !== "empty") return [];
      const servers = f.options.nodes.flatMap((m) => {
        const l = latchOf(m.name);
        const spec = serverSpec(m, "participant", f.options.zookeeper);
        return l === undefined ? [] : ["server." + l.memberId + "=" + spec];
      }).join(" ");
      return [step(\`configure:\${n.name}\`, run(configuring(scene(f), own.memberId, own.clusterId, servers)), {
        on: node(n),
        effect: configures(n, "unchanged"),
        idempotent: true,
      })];
    }),
    ...f.nodes.map((n) => startOwn(n, f.seen, kept(scene(f)))),
    step("wait-quorum"`,
      ),
    ],
  },
  {
    name: "ZooKeeper: servers are removed by a list that may not be the newest",
    edits: [zkPieces(
      "through(s, sh`zk_remove ${m.id} ${version}`)",
      "through(s, sh`zk_remove ${m.id} -1`)",
    )],
  },
  {
    name: "ZooKeeper: a server that leaves is stopped before it is out of the list",
    edits: [zkPlaybook(
      '      removeMember(f.member, s),\n      ...putAway(f.node, f.member, f.seen, kept(s)),\n      waitSettled("wait-all", [], f.seen),',
      '      ...putAway(f.node, f.member, f.seen, kept(s)),\n      removeMember(f.member, s),\n      waitSettled("wait-all", [], f.seen),',
    )],
  },
  {
    name: "ZooKeeper: a server that joins gets the lowest id that nobody has now",
    edits: [
      zk("derive")(
        "  return next > MOST ? undefined : String(next);",
        "  const free = Array.from({ length: MOST }, (_, i) => String(i + 1)).find((id) => seen.members.every((m) => m.id !== id));\n  return next > MOST ? undefined : free;",
      ),
    ],
  },
].map((m) => ({ ...m, service: "zookeeper" }));

/** The same for ensembles whose list of servers stands in their files. */
export const staticMutants: readonly Mutant[] = [
  {
    name:
      "static ZooKeeper: servers are restarted without asking whether the others hold the quorum by each list",
    edits: [
      zk("rolling")(
        "zk_reload ${s.service} ${s.options.unit} ${",
        "zk_restart ${s.service} ${s.options.unit} ${",
      ),
    ],
  },
  {
    name: "static ZooKeeper: the next change begins although some have not got the list of the one before",
    edits: [
      zk("servers")("const list = hasTheList(seen, m);", 'const list = "yes" as string;'),
      zk("list_forbids")(
        "return fixed(seen) ?? unread(change, seen) ?? unfinished(o, nodes, change, seen) ??",
        "return fixed(seen) ?? unread(change, seen) ??",
      ),
      zk("list_costs")("if (!shareQuorum(list, next, gone)) return", "if (list.size < 0 && gone) return"),
    ],
  },
  {
    name: "static ZooKeeper: an id is taken over whose data was not seen to be put away",
    edits: [
      zk("servers")(
        'return f?.reached === true && f.process !== "unknown" && f.data.state === "present" &&',
        'return f?.reached === true || f?.data.state === "present" &&',
      ),
      zk("servers")(
        "return gone && !left && unseen(seen, nodes).length === 0 ? id : undefined;",
        "return gone !== left ? id : id;",
      ),
    ],
  },
].map((m) => ({ ...m, service: "static" }));
