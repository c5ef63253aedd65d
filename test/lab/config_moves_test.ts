/**
 * A config that keeps none of the members is far more often the wrong file than a move: refused, unless it says so.
 */
import assert from "node:assert/strict";
import { DATA, Site } from "./kit.ts";

Deno.test("a config that moves all members is refused, unless it says so", async (t) => {
  await using site = await Site.up("moves", { hosts: 6 });
  const { lab } = site;
  const before = ["n1", "n2", "n3"], after = ["n4", "n5", "n6"];
  const old = await site.config(before);
  const moved = await site.config(after);
  await site.apply(old);
  await site.put("n1", "kept", "yes");

  await t.step("the old members hold the quorum", async () => {
    await site.refuses(moved, "S10", /keeps none of the recorded members \((n[123](, )?){3}\)/);
    site.forget();
    await site.refuses(moved, "S10", /keeps none of the recorded members \((n[123](, )?){3}\)/);
  });

  await t.step("the old members are unknown to all that Quorate left", async () => {
    site.forget();
    for (const host of before) await lab.must(host, "rm -r /var/lib/quorate");
    await site.refuses(moved, "S1", /already answers on n1, n2, n3/);
    await site.apply(old);
  });

  await t.step("the old members are stopped", async () => {
    for (const host of before) await lab.must(host, "systemctl stop etcd");
    site.forget();
    await site.refuses(moved, "S1", /n1 was member/);
    for (const host of before) await lab.must(host, "mv /var/lib/quorate /var/lib/former");
    await site.refuses(moved, "S1", /n1 holds data/);
    for (const host of before) await lab.must(host, "mv /var/lib/former /var/lib/quorate");
    await site.apply(old);
    await site.mustBe(...before);
  });

  await t.step("it says so: they move one by one, with the keys", async () => {
    const all = await site.config(after, { policy: { moveAll: true } });
    await site.applied(all);
    await site.mustBe(...after);
    assert.equal(await site.get("n6", "kept"), "yes");
    for (const host of before) {
      const said = await lab.must(
        host,
        `systemctl is-active etcd; ls -A ${DATA} | wc -l; ls -d ${DATA}.quorate-*`,
      );
      assert.match(said, /^inactive\n0\n\/\S+$/);
    }
    await site.mustBeSteady(moved);
  });
});
