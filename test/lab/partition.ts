/**
 * The trap that `strict-reconfig-check` leaves open: the third of three members is silently cut off, and a fourth is
 * wanted. etcd 3.5 accepts a voter then, and the quorum is gone by one accepted command. `apply` must not fall into it,
 * however long ago the cut was.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Site } from "./kit.ts";
import { Writer } from "./writer_kit.ts";

/** What happens to the third member: `cut` from everybody, or only from the other hosts, so that SSH still reaches it. */
export type Silence = "cut" | "isolate";

/** Heals every cut, and does not wait for TCP, which would be silent for as long again as the cut was. */
export async function healed(site: Site, host: string): Promise<void> {
  await site.lab.heal();
  await site.lab.on(host, "ss -K -tn '( dport = :2380 or sport = :2380 )'");
}

export async function addWhileThirdIsSilent(
  site: Site,
  t: Deno.TestContext,
  cases: readonly (readonly [seconds: number, silence: Silence])[],
): Promise<void> {
  const { lab } = site;
  const three = await site.config(["n1", "n2", "n3"]);
  const four = await site.config(["n1", "n2", "n3", "n4"]);
  await site.apply(three);
  await using writer = new Writer(site);
  for (const [seconds, silence] of cases) {
    const name = `n3 ${
      silence === "cut" ? "cut off" : "cut off from the other hosts"
    } ${seconds} s before an add`;
    await t.step(`${name}: the quorum is held all the time`, async () => {
      await site.applied(three);
      await site.mustBe("n1", "n2", "n3");
      await writer.goesOn("before the cut");
      await lab[silence]("n3");
      // The wait is the case itself: how long etcd has had to notice.
      await new Promise((r) => setTimeout(r, seconds * 1_000));
      const { code, out, err } = await site.quorate(four, "apply", "-v");
      assert.match(`${code}`, /^[135]$/, `n3 is out of order: ${err}${out}`);
      await writer.goesOn("after the apply");
      const odd = (await site.members("n1")).filter((m) => !m.learner && !m.started);
      assert.deepEqual(odd, [], "no voter that never started");
      console.log(`${name}: exit ${code}, ${(await site.members("n1")).length} members`);
      await healed(site, "n3");
      await site.applied(four);
      await site.mustBe("n1", "n2", "n3", "n4");
    });
  }
  await writer.judged("n1");
}
