/**
 * Each change of members, from the command to all healthy, against scripts written by hand: one that looks first, takes
 * the backup and verifies, as Quorate does, and one that only does it. Each of the three in turn leads five hosts through
 * the same chain of changes.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Lab, labUp } from "../lab/mod.ts";
import { type Cost, cost } from "./client.ts";
import { apply, configure } from "./manager.ts";
import { median, type Row, within } from "./rows.ts";
import { timeline } from "./timeline.ts";

type By = "ours" | "careful" | "bare";

interface Operation {
  readonly what: string;
  /** What the hand-written script is called with. */
  readonly hand: readonly string[];
  readonly members: readonly string[];
  readonly before?: (lab: Lab) => Promise<unknown>;
  readonly deadHost?: boolean;
}

const DATA = "/var/lib/etcd/default";
/** Within about five seconds of a start etcd refuses changes: whoever comes then measures that. */
const SETTLED_MS = 6_000;
const HAND = fileURLToPath(new URL("hand.sh", import.meta.url));

/** Each begins where the one before has ended. */
const chain: readonly Operation[] = [
  {
    what: "bootstrap 3",
    hand: ["bootstrap", "n1", "n2", "n3"],
    members: ["n1", "n2", "n3"],
  },
  {
    what: "add",
    hand: ["add", "n4", "n1", "n2", "n3"],
    members: ["n1", "n2", "n3", "n4"],
    before: (lab) => lead(lab, "n1"),
  },
  {
    what: "remove a follower",
    hand: ["remove", "n4", "n1", "n2", "n3"],
    members: ["n1", "n2", "n3"],
    before: (lab) => lead(lab, "n1"),
  },
  {
    what: "add",
    hand: ["add", "n4", "n1", "n2", "n3"],
    members: ["n1", "n2", "n3", "n4"],
  },
  {
    what: "remove the leader",
    hand: ["remove-leader", "n4", "n1", "n2", "n3"],
    members: ["n1", "n2", "n3"],
    before: (lab) => lead(lab, "n4"),
  },
  {
    what: "replace, healthy",
    hand: ["replace", "n5", "n3", "n1", "n2"],
    members: ["n1", "n2", "n5"],
    before: (lab) => lead(lab, "n1"),
  },
  {
    what: "replace, dead process",
    hand: ["replace-dead", "n3", "n2", "n1", "n5"],
    members: ["n1", "n3", "n5"],
    before: (lab) => lab.must("n2", "systemctl stop etcd"),
  },
  {
    what: "repair, wiped",
    hand: ["repair", "n3", "n1", "n5"],
    members: ["n1", "n3", "n5"],
    before: async (lab) => {
      await lead(lab, "n1");
      await lab.must("n3", "systemctl stop etcd");
      await lab.wipe("n3", DATA);
    },
  },
  {
    what: "replace, dead host",
    hand: ["replace-dead", "n2", "n5", "n1", "n3"],
    members: ["n1", "n2", "n3"],
    before: async (lab) => {
      await lead(lab, "n1");
      await lab.kill("n5");
    },
    deadHost: true,
  },
];

export async function operations(rounds = 3): Promise<readonly Row[]> {
  await using lab = await labUp({ name: "bench-ops", hosts: 5 });
  const took = new Map<string, Record<By, Cost[]>>();
  const order: readonly By[] = ["ours", "careful", "bare"];
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < order.length; turn++) {
      const by = order[(round + turn) % order.length] ?? "ours";
      await clean(lab);
      for (const operation of chain) {
        await operation.before?.(lab);
        const ran = await carryOut(lab, operation, by, `state-${round}`);
        await witness(lab, operation, by);
        const costs = took.get(operation.what) ?? { ours: [], careful: [], bare: [] };
        took.set(operation.what, costs);
        costs[by].push(ran);
        console.log(`${operation.what}, ${by}: ${Math.round(ran.ms)} ms`);
        await new Promise((r) => setTimeout(r, SETTLED_MS));
      }
      await lab.boot("n5");
    }
  }
  return [...took].flatMap(([what, costs]) => rowsOf(what, costs));
}

async function carryOut(lab: Lab, operation: Operation, by: By, state: string): Promise<Cost> {
  if (by === "ours") {
    return await apply(lab, await configure(lab, { metadata: operation.members }), state, "-o", "json");
  }
  const env = { ALL: lab.hosts.map((h) => h.name).join(" "), DEAD: operation.deadHost ? "host" : "process" };
  return await cost(lab, [HAND, by, lab.dir, ...operation.hand], { env });
}

function rowsOf(what: string, costs: Record<By, readonly Cost[]>): readonly Row[] {
  const ms = (by: By) => costs[by].map((c) => c.ms);
  const ours = { what, unit: "ms", ours: ms("ours") } as const;
  const rows: readonly Row[] = [
    { ...ours, peer: { name: "careful script", values: ms("careful") }, budget: { times: 1.15 } },
    { ...ours, peer: { name: "bare script", values: ms("bare") }, budget: { plus: 1500 } },
  ];
  const middle = costs.ours.toSorted((a, b) => a.ms - b.ms)[Math.floor(costs.ours.length / 2)];
  if (middle !== undefined && rows.some((row) => within(row) === false)) {
    console.log(`\n${what}: where ${Math.round(median(ms("ours")))} ms go\n${timeline(middle)}`);
  }
  return rows;
}

/** No service, no trace of one: as on a fresh disk. */
async function clean(lab: Lab): Promise<void> {
  await Promise.all(lab.hosts.map(({ name }) =>
    lab.must(
      name,
      `systemctl stop etcd; systemctl disable -q etcd
      rm -rf /var/lib/etcd/* /var/lib/quorate /etc/systemd/system/etcd.service.d /root/snapshot.db
      [ -e /root/etcd.default ] || cp -p /etc/default/etcd /root/etcd.default
      rm -f /etc/default/etcd*; cp -p /root/etcd.default /etc/default/etcd
      systemctl daemon-reload; systemctl reset-failed; true`,
    )
  ));
}

const ctl = (lab: Lab, host: string): string =>
  `ETCDCTL_API=3 etcdctl --endpoints=${lab.hosts.find((h) => h.name === host)?.address}:2379`;

/** Has the member on a host lead. */
async function lead(lab: Lab, host: string): Promise<void> {
  const status = await lab.must(host, `${ctl(lab, host)} endpoint status --cluster`);
  const members = status.split("\n").map((line) => line.split(", "));
  const leader = members.find((m) => m[4] === "true");
  const heir = members.find((m) => m[0]?.includes(`//${lab.hosts.find((h) => h.name === host)?.address}:`));
  if (leader === undefined || heir === undefined || leader === heir) return;
  const from = leader[0] ?? "";
  await lab.must(host, `ETCDCTL_API=3 etcdctl --endpoints=${from} move-leader ${heir[1]}`);
}

/** That all are healthy is not taken from who says it. */
async function witness(lab: Lab, { what, members }: Operation, by: By): Promise<void> {
  for (const host of members) {
    const said = await lab.must(host, `${ctl(lab, host)} get x && ${ctl(lab, host)} member list`);
    const voters = said.split("\n").filter((line) => /, started, .*, false$/.test(line));
    if (voters.length !== members.length) throw new Error(`${what}, ${by}: ${host} sees\n${said}`);
  }
}
