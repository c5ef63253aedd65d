/**
 * Clusters that grow, shrink and change hosts while a client writes without pause.
 */
import assert from "node:assert/strict";
import { DATA, Site } from "./kit.ts";
import { Writer } from "./writer_kit.ts";

Deno.test("growing, shrinking and replacing under a writer loses no write (etcd 3.5)", async (t) => {
  await using site = await Site.up("growth", { hosts: 5, etcd: "3.5" });
  const { lab } = site;
  const one = await site.config(["n1"]);
  const two = await site.config(["n1", "n2"]);
  const three = await site.config(["n1", "n2", "n3"]);
  const five = await site.config(["n1", "n2", "n3", "n4", "n5"]);
  await site.apply(one);
  await using writer = new Writer(site);
  const lands = async (config: string, ...hosts: string[]): Promise<void> => {
    await site.mustBe(...hosts);
    await site.mustBeSteady(config);
    await writer.goesOn(`with ${hosts.join(", ")}`);
  };

  await t.step("one member becomes three", async () => {
    await lands(one, "n1");
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
  });

  await t.step("three become one in two runs: a run removes a minority at most", async () => {
    const { err, out } = await site.apply(one, 5);
    assert.match(err + out, /S9/);
    assert.equal((await site.members("n1")).length, 2, "one was removed");
    await site.apply(one);
    await lands(one, "n1");
  });

  await t.step("two become three", async () => {
    await site.apply(two);
    await lands(two, "n1", "n2");
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
  });

  await t.step("three become five, and three again", async () => {
    await site.apply(five);
    await lands(five, "n1", "n2", "n3", "n4", "n5");
    await site.apply(three);
    await lands(three, "n1", "n2", "n3");
  });

  // There and back again: n4 has held data of this cluster before, and so has n3 when it takes n4's place.
  for (const [old, fresh] of [["n3", "n4"], ["n4", "n3"]] as const) {
    await t.step(
      `the dead host ${old} gives way to ${fresh}, and is retired when it boots again`,
      async () => {
        const config = await site.config(["n1", "n2", fresh]);
        await lab.kill(old);
        await site.apply(config);
        await site.mustBe("n1", "n2", fresh);
        await writer.goesOn(`with ${fresh} for ${old}`);

        await lab.boot(old);
        const { err } = await site.apply(config);
        assert.match(err, new RegExp(`retire ${old}`));
        for (const after of ["retired", "rebooted"]) {
          if (after === "rebooted") await lab.reboot(old);
          const { stdout } = await lab.on(old, `systemctl is-active etcd; pidof etcd; ls -A ${DATA}`);
          assert.equal(stdout, "inactive\n", `${old}, ${after}`);
        }
        await lands(config, "n1", "n2", fresh);
      },
    );
  }

  await t.step("a healthy host gives way to another", async () => {
    const config = await site.config(["n1", "n2", "n5"]);
    await site.apply(config);
    await lands(config, "n1", "n2", "n5");
  });

  await t.step(
    "what lies aside beyond policy.backup.keep is pruned once nothing differs; the newest stays",
    async () => {
      const aside = (time: string) => `${DATA}.quorate-2026${time}-c1-m1`;
      await lab.must("n1", `mkdir -p ${aside("0101T000000Z")}/member ${aside("0102T000000Z")}/member`);
      const config = await site.config(["n1", "n2", "n5"], { policy: { backup: { keep: 1 } } });
      const { err } = await site.apply(config);
      assert.match(err, /prune n1/);
      assert.equal(await lab.must("n1", `ls -d ${DATA}.quorate-*`), aside("0102T000000Z"));
      await lands(config, "n1", "n2", "n5");
    },
  );

  await writer.judged("n1");
});
