/** `quorate restore`: a snapshot over what is left of a cluster, and on empty hosts; what cannot be restored is told by name. */
import assert from "node:assert/strict";
import { shellOf } from "../docs.ts";
import { DATA, Site } from "./kit.ts";

/** What docs/recovery.md has a person type. */
const page = shellOf(await Deno.readTextFile(new URL("../../docs/recovery.md", import.meta.url)));
const PAGE = page.find((s) => s.heading === "Restore")?.text.trim().split("\n") ?? [];

async function unpacked(name: string, to: string): Promise<string> {
  const packed = await Deno.readFile(new URL(`../unit/etcd/snapshots/${name}.gz`, import.meta.url));
  const whole = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  await Deno.writeFile(to, new Uint8Array(await new Response(whole).arrayBuffer()));
  return to;
}

Deno.test("a snapshot begins again over what is left, and on empty hosts", async (t) => {
  await using site = await Site.up("rcrest", { hosts: 3, tls: true });
  const { lab } = site;
  const policy = { deadAfter: "0s", stabilize: "0s" };
  const two = await site.config(["n1", "n2"], { policy });
  const three = await site.config(["n1", "n2", "n3"], { policy });
  await site.apply(two);
  await site.put("n1", "early", "kept");
  await site.apply(three);
  await site.put("n1", "late", "lost");
  const restore = (...args: string[]) =>
    site.quorate(three, "restore", "metadata", "--yes-lose-writes", ...args);
  const folder = `${site.state}/snapshots/metadata`;
  const newest = [...Deno.readDirSync(folder)].map((e) => e.name).sort().at(-1) ?? "";
  const kept = `${lab.dir}/kept.db`;
  await Deno.copyFile(`${folder}/${newest}`, kept);

  await t.step(
    "what is cut off, of other hosts, too new, or no snapshot is refused, and so is a living cluster",
    async () => {
      const cut = `${lab.dir}/cut.db`;
      await Deno.writeFile(cut, (await Deno.readFile(kept)).subarray(0, -5000));
      const newer = await unpacked("3.5.30-71", `${lab.dir}/newer.db`);
      const before = await site.revisions();
      for (
        const [args, says] of [
          [["--snapshot", cut], /cut\.db is refused: it was cut off/],
          [["--snapshot", three], /is refused: it was cut off, or is no snapshot/],
          [
            ["--snapshot", newer],
            /is refused: it is of a cluster of http:\S+.* none of these is a node of metadata; --foreign/,
          ],
          [[], /S19 {4}the quorum is held/],
        ] as const
      ) {
        const { code, err } = await restore(...args);
        assert.equal(code, 3, err);
        assert.match(err, says);
      }
      assert.equal(await site.revisions(), before, "nothing was touched");
      await Promise.all(["n1", "n2", "n3"].map((h) => lab.must(h, "systemctl stop etcd")));
      const { code, err } = await restore("--snapshot", newer, "--foreign");
      assert.equal(code, 3, err);
      assert.match(
        err,
        /S22 {4}the snapshot was taken of etcd 3\.5\.0, and n1 has 3\.4\.\d+, which is older/,
      );
    },
  );

  await t.step("over a broken cluster: the newest that is kept", async () => {
    await lab.wipe("n1", DATA);
    await lab.wipe("n2", DATA);
    await lab.must("n3", "systemctl start --no-block etcd");
    const [list, show, typed] = PAGE.map((line) => line.replace(/^quorate /, "").split(" "));
    const type = ([command = "", ...args]: readonly string[] = []) => site.quorate(three, command, ...args);
    const listed = await type(list);
    assert.ok(listed.out.includes(newest), listed.out);
    const shown = await type(show);
    assert.match(
      shown.out,
      /restore n1[\s\S]*put \S+\.snapshot as [\s\S]*etcd_ready_snapshot [\s\S]*quorate_succeed /,
    );
    assert.deepEqual(
      typed?.slice(0, 3),
      ["restore", "metadata", "--snapshot"],
      "typed below, with files of their own",
    );
    const { code, err } = await restore();
    assert.equal(code, 0, err);
    assert.match(err, /may be lost {2}every write since revision \d+; n3 may hold some of them/);
    await site.mustBe("n1", "n2", "n3");
    await site.mustBeSteady(three);
    assert.equal(await site.get("n3", "early"), "kept");
    assert.equal(await site.get("n3", "late"), "", "what was written after the snapshot");
    assert.match(await lab.must("n3", `ls -d ${DATA}.quorate-*`), /default\.quorate-\S+/, "set aside");
  });

  await t.step("on empty hosts", async () => {
    await site.reset();
    const { code, err } = await restore("--snapshot", kept, "--from", "n2");
    assert.equal(code, 0, err);
    await site.mustBe("n1", "n2", "n3");
    await site.mustBeSteady(three);
    assert.equal(await site.get("n1", "early"), "kept");
  });
});
