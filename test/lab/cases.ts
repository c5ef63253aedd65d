/**
 * All cases of the design, one after the other on one lab of five hosts. Each ends with exactly the desired members,
 * all voters, all healthy, as `etcdctl` says; and a second `apply` changes nothing, prints nothing and exits 0.
 */
import assert from "node:assert/strict";
import { DATA, type Site } from "./kit.ts";

export async function everyCase(site: Site, t: Deno.TestContext): Promise<void> {
  const { lab } = site;
  const lands = async (config: string, ...hosts: string[]): Promise<void> => {
    await site.mustBe(...hosts);
    await site.mustBeSteady(config);
    assert.equal(await site.get(hosts[0] ?? "", "kept"), "from the start", "no key was lost");
  };
  const three = await site.config(["n1", "n2", "n3"]);
  const four = await site.config(["n1", "n2", "n3", "n4"]);

  await t.step("bootstrap: three empty hosts become a cluster", async () => {
    await site.apply(three);
    await site.put("n1", "kept", "'from the start'");
    await lands(three, "n1", "n2", "n3");
  });

  await t.step("add: a fourth member joins", async () => {
    const { out } = await site.quorate(four, "plan", "-o", "json");
    const plan = JSON.parse(out);
    assert.equal(plan.services[0].case, "add");
    await site.apply(four);
    await lands(four, "n1", "n2", "n3", "n4");
  });

  await t.step("remove: a follower leaves, is fenced, and its data is set aside", async () => {
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
    const { stdout } = await lab.on(
      "n4",
      `systemctl is-active etcd; ls -A ${DATA} | wc -l; ls -d ${DATA}.quorate-*`,
    );
    assert.match(stdout, /^inactive\n0\n\/var\/lib\/etcd\/default\.quorate-\S+\n$/);
  });

  await t.step("add: the node that was removed joins again under a new id", async () => {
    await site.apply(four);
    await lands(four, "n1", "n2", "n3", "n4");
  });

  await t.step("remove: the leader hands over and leaves", async () => {
    const leader = await site.leader(["n1", "n2", "n3", "n4"]);
    const rest = ["n1", "n2", "n3", "n4"].filter((h) => h !== leader);
    const config = await site.config(rest);
    await site.apply(config);
    await lands(config, ...rest);
    // Back to n1, n2, n3: one replacement, unless n4 was the leader.
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
  });

  await t.step("replace: a healthy member gives way to another node", async () => {
    const config = await site.config(["n1", "n2", "n5"]);
    await site.apply(config);
    await lands(config, "n1", "n2", "n5");
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
  });

  await t.step("replace: a dead host gives way to another node, and is retired when it is back", async () => {
    await lab.kill("n2");
    const config = await site.config(["n1", "n4", "n3"]);
    await site.apply(config);
    await site.mustBe("n1", "n4", "n3");
    await lab.boot("n2");
    await site.apply(config);
    await lands(config, "n1", "n4", "n3");
    const { stdout } = await lab.on("n2", `systemctl is-active etcd; ls -A ${DATA} | wc -l`);
    assert.equal(stdout, "inactive\n0\n");
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
  });

  await t.step("repairCrashed: a stopped process is started again", async () => {
    await lab.on("n3", "systemctl stop etcd");
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
  });

  await t.step("repairWiped: a member that lost its data joins again", async () => {
    await lab.on("n2", "systemctl stop etcd");
    await lab.wipe("n2", DATA);
    const before = (await site.members("n1")).find((m) => m.name === "n2")?.id;
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
    assert.notEqual((await site.members("n1")).find((m) => m.name === "n2")?.id, before, "a new id");
  });

  await t.step(
    "repairConfig: a setting that is ours is put right, the leader last; other lines stay",
    async () => {
      for (const host of ["n1", "n2", "n3"]) {
        await lab.on(
          host,
          "echo '# a line of mine' >>/etc/default/etcd; echo ETCD_MAX_TXN_OPS=256 >>/etc/default/etcd",
        );
      }
      const config = await site.config(["n1", "n2", "n3"], {
        options: { env: { ETCD_SNAPSHOT_COUNT: "20000" } },
      });
      await site.apply(config);
      await lands(config, "n1", "n2", "n3");
      for (const host of ["n1", "n2", "n3"]) {
        const { stdout } = await lab.on(
          host,
          "cat /etc/default/etcd; tr '\\0' '\\n' </proc/$(pidof etcd)/environ",
        );
        assert.match(stdout, /^# a line of mine\nETCD_MAX_TXN_OPS=256$/m);
        assert.equal(
          stdout.match(/^ETCD_SNAPSHOT_COUNT="?20000"?$/gm)?.length,
          2,
          "in the file and in the process",
        );
      }
      await site.apply(config);
    },
  );

  await t.step("restart: a stopped cluster is started with its keys, not bootstrapped anew", async () => {
    const config = await site.config(["n1", "n2", "n3"], {
      options: { env: { ETCD_SNAPSHOT_COUNT: "20000" } },
    });
    const ids = (await site.members("n1")).map((m) => m.id).sort();
    for (const host of ["n1", "n2", "n3"]) await lab.on(host, "systemctl stop etcd");
    await site.apply(config);
    await lands(config, "n1", "n2", "n3");
    assert.deepEqual((await site.members("n1")).map((m) => m.id).sort(), ids, "the same members");
  });
}
