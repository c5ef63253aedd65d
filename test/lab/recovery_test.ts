/** docs/recovery.md as a person follows it: the disks of a majority are gone, and the cluster begins again. */
import assert from "node:assert/strict";
import { shellOf } from "../docs.ts";
import { DATA, Site } from "./kit.ts";

const page = await Deno.readTextFile(new URL("../../docs/recovery.md", import.meta.url));
const typed = (heading: string): string => {
  const found = shellOf(page).find((s) => s.heading === heading);
  assert.ok(found, `a block under ${heading}`);
  return `set -e\n${found.text}`;
};

Deno.test("the page on recovery leads from a lost majority to three healthy members", async () => {
  await using site = await Site.up("recovery", { hosts: 3 });
  const { lab } = site;
  const one = await site.config(["n1"]), three = await site.config(["n1", "n2", "n3"]);
  await site.apply(await site.config(["n1", "n2"]));
  await site.put("n1", "early", "kept");
  await site.apply(three);
  await site.put("n1", "late", "lost");
  const [{ id } = { id: "" }] = await site.members("n1");

  for (const host of ["n2", "n3"]) {
    await lab.must(host, "systemctl stop etcd && rm -rf /var/lib/quorate");
    await lab.wipe(host, DATA);
  }
  await site.apply(three, 4);

  for (const host of ["n1", "n2", "n3"]) {
    await lab.must(host, typed("On every old member's host that can be reached"));
  }
  const folder = `${site.state}/snapshots/metadata`;
  const snapshots = [...Deno.readDirSync(folder)].map((e) => e.name).filter((name) =>
    name.endsWith(".snapshot")
  );
  const newest = snapshots.toSorted().at(-1);
  assert.ok(newest, `a snapshot in ${folder}`);
  const bytes = await Deno.readFile(`${folder}/${newest}`);
  await lab.must("n1", "cat >/root/snapshot.db", { stdin: bytes });
  await lab.must("n1", typed("On the host that begins again"));
  await site.serving("n1");

  await site.apply(one);
  await site.apply(three);
  await site.mustBe("n1", "n2", "n3");
  await site.mustBeSteady(three);
  assert.equal(await site.get("n3", "early"), "kept");
  assert.equal(await site.get("n3", "late"), "", "what was written after the snapshot");
  assert.ok((await site.members("n1")).every((m) => m.id !== id), "another identity");
});
