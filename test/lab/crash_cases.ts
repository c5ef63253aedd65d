/**
 * `apply` is killed with SIGKILL at every step of every case, and run again: it always ends with exactly the desired
 * members, all of them healthy, in one cluster, with every acknowledged write. For another service, other moments within
 * the steps, or some of the steps and cases only:
 *
 * `deno task crash --service zookeeper --static --seed 1 --each 1 --only add,remove`
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { type EtcdVersion, until, ZnodeWrites, type ZooKeeperVersion } from "../../lab/mod.ts";
import { Crash, type Goal, type Leg } from "./crash.ts";
import { DATA as ETCD_DATA, Site } from "./kit.ts";
import type { Managed } from "./managed.ts";
import { Writer } from "./writer_kit.ts";
import { DATA as ZOOKEEPER_DATA, Ensemble } from "./zookeeper_kit.ts";

/** What the legs have to know of one service. */
interface Service {
  readonly site: Managed;
  /** Makes a host as it was before it was a member; before the first bootstrap, too. */
  readonly bare: string;
  /** Two sets of options of which each asks for a restart where the other was. */
  readonly settings: readonly [object, object];
  /** Its list changes by one member at a time, also where one is replaced; and not while one of three cannot be reached. */
  readonly oneByOne?: boolean;
  /** Makes this host's member the leader, so that one that is to go has something to hand over. */
  readonly lead: (host: string, among: readonly string[]) => Promise<void>;
  /** Works while a client writes; none of its acknowledged writes may be lost. */
  readonly writing: (work: () => Promise<void>) => Promise<void>;
}

/** Hosts of a lab of this name, n1, n2, …, and the service on them. */
export type Up = (name: string, hosts: number) => Promise<Service>;

export const etcd = (version: EtcdVersion): Up => async (name, hosts) => {
  const site = await Site.up(name, { hosts, etcd: version });
  return {
    site,
    bare: `[ -e /root/etcd.default ] || cp -a /etc/default/etcd /root/etcd.default
      systemctl disable -q --now etcd; rm -rf ${ETCD_DATA}/member /var/lib/quorate
      cp -a /root/etcd.default /etc/default/etcd`,
    settings: [{ env: { ETCD_SNAPSHOT_COUNT: "20000" } }, { env: { ETCD_SNAPSHOT_COUNT: "30000" } }],
    lead: async (host, among) => {
      const leader = await site.leader(among);
      if (leader === host) return;
      const members = await site.members(leader);
      await site.etcdctl(leader, `move-leader ${members.find((m) => m.name === host)?.id}`);
    },
    writing: async (work) => {
      await using writer = new Writer(site, 300);
      await work();
      await writer.judged("n1");
    },
  };
};

const ensemble = (
  membership: "dynamic" | "static",
  version?: ZooKeeperVersion,
): Up =>
async (name, hosts) => {
  const site = await Ensemble.up(name, hosts, membership, version);
  const { lab } = site;
  return {
    site,
    bare: `systemctl disable -q --now zookeeper 2>/dev/null
      rm -rf ${ZOOKEEPER_DATA} /etc/zookeeper/quorate /var/lib/quorate /etc/systemd/system/zookeeper.service*
      systemctl daemon-reload`,
    oneByOne: membership === "static",
    settings: [{ settings: { maxClientCnxns: "100" } }, { settings: { maxClientCnxns: "200" } }],
    // Who joined last has the highest id, and is elected where it has seen as much as the others.
    lead: (host, among) =>
      until(`${host} leads`, async () => {
        const modes = await Promise.all(among.map((one) => site.mode(one)));
        const leader = among[modes.indexOf("leader")];
        if (leader === host) return true;
        if (leader !== undefined && modes.every(Boolean)) {
          await lab.must(leader, "systemctl restart zookeeper");
        }
        return false;
      }),
    writing: async (work) => {
      const servers = lab.hosts.map((h) => site.server(h.name));
      await using writer = await ZnodeWrites.start(lab, servers.slice(0, 3), servers, 300);
      await work();
      const { acknowledged, lost } = await writer.judge(site.server("n1"));
      assert.deepEqual(lost, [], "acknowledged writes that were lost");
      console.log(`${acknowledged} writes acknowledged, none lost`);
    },
  };
};

export const zookeeper = ensemble("dynamic");
/** Its list of servers stands in their files. */
export const staticZookeeper = ensemble("static");

export interface CrashOptions {
  readonly name: string;
  /** At which moments within the steps. @default 1 */
  readonly seed?: number;
  /** One of how many steps. @default 1 */
  readonly each?: number;
  /** Cases by name. @default all */
  readonly only?: readonly string[];
}

const policy = { stabilize: "0s" };
const THREE = ["n1", "n2", "n3"] as const;

/** Runs the legs of these names; several that are given together take turns. */
const player = (crash: Crash, only: readonly string[] | undefined) => async (...legs: readonly Leg[]) => {
  if (only === undefined || legs.some((leg) => only.includes(leg.name))) await crash.everyStep(...legs);
};

/** bootstrap, restart and the repairs. */
export async function formationAndRepairs(up: Up, options: CrashOptions): Promise<void> {
  const { site, bare, settings, writing } = await up(options.name, 3);
  await using _site = site;
  const crash = new Crash(site, options.seed ?? 1, options.each);
  const play = player(crash, options.only);
  const { lab, unit } = site;
  const three: Goal = { config: await site.config(THREE, { policy }), hosts: THREE };
  const everywhere = (script: string) => Promise.all(THREE.map((host) => lab.must(host, script)));
  const stop = `systemctl stop ${unit}`;

  const bootstrap = async () => {
    await everywhere(bare);
    crash.forget();
    return three;
  };
  await play({ name: "bootstrap", round: bootstrap });
  await crash.converge(three.config);

  const restart = async () => {
    await crash.write("n1");
    await everywhere(stop);
    return three;
  };
  await play({ name: "restart", round: restart });

  const repairCrashed = async (k: number) => {
    await lab.must(THREE[k % 3] ?? "", stop);
    return three;
  };
  const repairWiped = async (k: number) => {
    const host = THREE[1 + k % 2] ?? "";
    await lab.must(host, stop);
    await lab.wipe(host, site.data);
    return three;
  };
  const configs = await Promise.all(settings.map((its) => site.config(THREE, { policy, options: its })));
  const repairConfig = (k: number) => Promise.resolve({ config: configs[k % 2] ?? "", hosts: THREE });
  await writing(async () => {
    await play({ name: "repairCrashed", round: repairCrashed });
    await play({ name: "repairWiped", round: repairWiped });
    await play({ name: "repairConfig", changes: 3, round: repairConfig });
  });
}

/** add, remove, replace, retire and prune. */
export async function membership(up: Up, options: CrashOptions): Promise<void> {
  const { site, lead, writing, oneByOne = false } = await up(options.name, 4);
  await using _site = site;
  const crash = new Crash(site, options.seed ?? 1, options.each);
  const play = player(crash, options.only);
  const { lab, unit } = site;
  const goal = async (...hosts: string[]): Promise<Goal> => ({
    config: await site.config(hosts, { policy }),
    hosts,
  });
  const three = await goal(...THREE);
  const four = await goal(...THREE, "n4");
  const other = await goal("n1", "n2", "n4");
  await crash.converge(three.config);

  const add = () => Promise.resolve(four);
  const remove = async () => {
    await lead("n4", four.hosts);
    return three;
  };

  // Back and forth: who was replaced comes back in the place of the other.
  let old = "n3";
  const turn = (): Goal => {
    old = old === "n3" ? "n4" : "n3";
    return old === "n3" ? three : other;
  };
  const replaceHealthy = async () => {
    await lead(old, ["n1", "n2", old]);
    return turn();
  };
  const replaceDead = async () => {
    await lab.must(old, `systemctl stop ${unit}`);
    return turn();
  };
  const retire = async () => {
    const dead = old;
    await lab.kill(dead);
    const now = turn();
    await crash.converge(now.config);
    await lab.boot(dead);
    return now;
  };
  // Each time n4 leaves, its data is set aside.
  const keepOne: Goal = {
    config: await site.config(THREE, { policy: { ...policy, backup: { keep: 1 } } }),
    hosts: THREE,
  };
  const prune = async () => {
    for (const { config } of [keepOne, four, three, four, three]) await crash.converge(config);
    return keepOne;
  };
  await writing(async () => {
    await play({ name: "add", round: add }, { name: "remove", round: remove });
    await play({ name: "prune", round: prune });
    await play({ name: "replaceHealthy", changes: oneByOne ? 2 : 1, round: replaceHealthy });
    await play({ name: "replaceDead", round: replaceDead });
    if (!oneByOne) await play({ name: "retire", round: retire });
  });
}

/** All cases, on two labs at once: each of them waits a lot. */
export async function everyDeath(up: Up, options: CrashOptions): Promise<void> {
  const ends = await Promise.allSettled([
    formationAndRepairs(up, { ...options, name: `${options.name}-a` }),
    membership(up, { ...options, name: `${options.name}-b` }),
  ]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

const CASES = ["bootstrap", "restart", "repairCrashed", "repairWiped", "repairConfig", "add", "remove"]
  .concat("prune", "replaceHealthy", "replaceDead", "retire");
const SERVICES: Readonly<Record<string, Up>> = {
  etcd: etcd("3.4"),
  "etcd-3.5": etcd("3.5"),
  zookeeper,
  "zookeeper-static": staticZookeeper,
  "zookeeper-3.9": ensemble("dynamic", "3.9"),
  "zookeeper-3.9-static": ensemble("static", "3.9"),
};

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      service: { type: "string", default: "etcd" },
      static: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      each: { type: "string", default: "1" },
      only: { type: "string" },
      name: { type: "string", default: "crash-long" },
    },
  });
  const wrong = (what: string, names: readonly string[]): never => {
    console.error(`There is no ${what}: name some of ${names.join(", ")}`);
    Deno.exit(64);
  };
  const only = values.only?.split(",");
  const unknown = only?.find((name) => !CASES.includes(name));
  if (unknown !== undefined) wrong(`case ${unknown}`, CASES);
  const service = values.static ? `${values.service}-static` : values.service;
  const up = SERVICES[service] ?? wrong(`service ${service}`, Object.keys(SERVICES));
  await everyDeath(up, {
    name: values.name,
    seed: Number(values.seed),
    each: Number(values.each),
    ...(only === undefined ? {} : { only }),
  });
}
