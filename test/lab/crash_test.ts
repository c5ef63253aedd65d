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

Deno.test(`apply killed at every step of a formation or a repair goes on, etcd ${etcd}`, async (t) => {
  await using site = await Site.up(`crash-a${etcd.at(-1)}`, { hosts: 3, etcd });
  const crash = new Crash(site, seed);
  const { lab } = site;
  const three: Goal = { config: await site.config(THREE, { policy }), hosts: THREE };
  const everywhere = (script: string) => Promise.all(THREE.map((host) => lab.must(host, script)));

  await t.step("bootstrap", async () => {
    await everywhere("cp -a /etc/default/etcd /root/etcd.default");
    const round = async () => {
      await everywhere(
        `systemctl disable -q --now etcd; rm -rf ${DATA}/member /var/lib/quorate
         cp -a /root/etcd.default /etc/default/etcd`,
      );
      crash.forget();
      return three;
    };
    await crash.everyStep({ name: "bootstrap", round });
  });

  await t.step("restart", async () => {
    const round = async () => {
      await crash.write("n1");
      await everywhere("systemctl stop etcd");
      return three;
    };
    await crash.everyStep({ name: "restart", round });
  });

  await t.step("repairCrashed", async () => {
    await using writer = new Writer(site);
    const round = async (k: number) => {
      await lab.must(THREE[k % 3] ?? "", "systemctl stop etcd");
      return three;
    };
    await crash.everyStep({ name: "repairCrashed", round });
    await writer.judged("n1");
  });

  await t.step("repairWiped", async () => {
    await using writer = new Writer(site);
    const round = async (k: number) => {
      const host = THREE[1 + k % 2] ?? "";
      await lab.must(host, "systemctl stop etcd");
      await lab.wipe(host, DATA);
      return three;
    };
    await crash.everyStep({ name: "repairWiped", round });
    await writer.judged("n1");
  });

  await t.step("repairConfig", async () => {
    await using writer = new Writer(site);
    const configs = await Promise.all(
      ["20000", "30000"].map((count) =>
        site.config(THREE, { policy, options: { env: { ETCD_SNAPSHOT_COUNT: count } } })
      ),
    );
    const round = (k: number) => Promise.resolve({ config: configs[k % 2] ?? "", hosts: THREE });
    await crash.everyStep({ name: "repairConfig", changes: 3, round });
    await writer.judged("n1");
  });
});

Deno.test(`apply killed at every step of a membership change goes on, etcd ${etcd}`, async (t) => {
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

  await t.step("add, and remove", async () => {
    await using writer = new Writer(site);
    const add = () => Promise.resolve(four);
    const remove = async () => {
      await lead("n4");
      return three;
    };
    await crash.everyStep({ name: "add", round: add }, { name: "remove", round: remove });
    await writer.judged("n1");
  });

  let [old, to] = ["n3", other];
  const turn = () => [old, to] = old === "n3" ? ["n4", three] : ["n3", other];

  await t.step("replace a healthy member", async () => {
    await using writer = new Writer(site);
    const replace = async () => {
      await lead(old);
      const now = to;
      turn();
      return now;
    };
    await crash.everyStep({ name: "replace healthy", round: replace });
    await writer.judged("n1");
  });

  await t.step("replace a dead member, and retire its host when it is back", async () => {
    await using writer = new Writer(site);
    const replace = async () => {
      await lab.kill(old);
      return to;
    };
    const retire = async () => {
      await lab.boot(old);
      const now = to;
      turn();
      return now;
    };
    await crash.everyStep({ name: "replace dead", round: replace }, { name: "retire", round: retire });
    await writer.judged("n1");
  });
});
