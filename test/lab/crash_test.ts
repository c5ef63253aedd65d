/**
 * `apply` is killed with SIGKILL at every step of every case, and run again: it always ends with exactly the desired
 * members, all of them healthy, in one cluster, with every acknowledged write. `QUORATE_LAB_ETCD=3.5` runs the same on
 * the newer etcd, `QUORATE_CRASH_SEED=N` kills at other moments within the steps.
 */
import { Crash, type Goal } from "./crash.ts";
import { DATA, Site } from "./kit.ts";
import { Writer } from "./writer_kit.ts";

const etcd = Deno.env.get("QUORATE_LAB_ETCD") === "3.5" ? "3.5" : "3.4";
const seed = Number(Deno.env.get("QUORATE_CRASH_SEED") ?? 1);
const policy = { stabilize: "0s" };
const THREE = ["n1", "n2", "n3"] as const;

/** Works while a client writes; none of its acknowledged writes may be lost. */
async function underWriter(site: Site, work: () => Promise<void>): Promise<void> {
  await using writer = new Writer(site, 300);
  await work();
  await writer.judged("n1");
}

async function formationAndRepairs(): Promise<void> {
  await using site = await Site.up(`crash-a${etcd.at(-1)}`, { hosts: 3, etcd });
  const crash = new Crash(site, seed);
  const { lab } = site;
  const three: Goal = { config: await site.config(THREE, { policy }), hosts: THREE };
  const everywhere = (script: string) => Promise.all(THREE.map((host) => lab.must(host, script)));

  await everywhere("cp -a /etc/default/etcd /root/etcd.default");
  const bootstrap = async () => {
    await everywhere(
      `systemctl disable -q --now etcd; rm -rf ${DATA}/member /var/lib/quorate
       cp -a /root/etcd.default /etc/default/etcd`,
    );
    crash.forget();
    return three;
  };
  await crash.everyStep({ name: "bootstrap", round: bootstrap });

  const restart = async () => {
    await crash.write("n1");
    await everywhere("systemctl stop etcd");
    return three;
  };
  await crash.everyStep({ name: "restart", round: restart });

  const repairCrashed = async (k: number) => {
    await lab.must(THREE[k % 3] ?? "", "systemctl stop etcd");
    return three;
  };
  const repairWiped = async (k: number) => {
    const host = THREE[1 + k % 2] ?? "";
    await lab.must(host, "systemctl stop etcd");
    await lab.wipe(host, DATA);
    return three;
  };
  const configs = await Promise.all(
    ["20000", "30000"].map((count) =>
      site.config(THREE, { policy, options: { env: { ETCD_SNAPSHOT_COUNT: count } } })
    ),
  );
  const repairConfig = (k: number) => Promise.resolve({ config: configs[k % 2] ?? "", hosts: THREE });
  await underWriter(site, async () => {
    await crash.everyStep({ name: "repairCrashed", round: repairCrashed });
    await crash.everyStep({ name: "repairWiped", round: repairWiped });
    await crash.everyStep({ name: "repairConfig", changes: 3, round: repairConfig });
  });
}

async function membership(): Promise<void> {
  await using site = await Site.up(`crash-b${etcd.at(-1)}`, { hosts: 4, etcd });
  const crash = new Crash(site, seed);
  const { lab } = site;
  const goal = async (...hosts: string[]): Promise<Goal> => ({
    config: await site.config(hosts, { policy }),
    hosts,
  });
  const three = await goal(...THREE);
  const four = await goal(...THREE, "n4");
  const other = await goal("n1", "n2", "n4");
  await crash.converge(three.config);

  /** A leader that is to go has something to hand over. */
  const lead = async (host: string) => {
    const members = await site.members("n1");
    const leader = await site.leader(members.map((m) => m.name));
    if (leader === host) return;
    await site.etcdctl(leader, `move-leader ${members.find((m) => m.name === host)?.id}`);
  };
  const add = () => Promise.resolve(four);
  const remove = async () => {
    await lead("n4");
    return three;
  };

  // Back and forth: who was replaced comes back in the place of the other.
  let old = "n3";
  const turn = (): Goal => {
    old = old === "n3" ? "n4" : "n3";
    return old === "n3" ? three : other;
  };
  const replaceHealthy = async () => {
    await lead(old);
    return turn();
  };
  const replaceDead = async () => {
    await lab.must(old, "systemctl stop etcd");
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
  await underWriter(site, async () => {
    await crash.everyStep({ name: "add", round: add }, { name: "remove", round: remove });
    await crash.everyStep({ name: "replace of a healthy member", round: replaceHealthy });
    await crash.everyStep({ name: "replace of a dead member", round: replaceDead });
    await crash.everyStep({ name: "retire", round: retire });
  });
}

Deno.test(`apply that is killed at any step of any case is finished by the next run, etcd ${etcd}`, async () => {
  // Two labs at once: each of them waits a lot.
  const ends = await Promise.allSettled([formationAndRepairs(), membership()]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
});
