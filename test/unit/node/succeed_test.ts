/** Data that was made ready takes the place of what lies there, and a crash between any two moves is gone over. */
import assert from "node:assert/strict";
import { shellFor } from "../../../src/node/shell.ts";
import { Host } from "./host.ts";

const disk = `disk_id() {
	[ -e "$1/member/ids" ] || return 1
	cat "$1/member/ids"
}
`;
const succeed = (host: Host, whose = "a1", former = "c1", program = "") => {
  const command = `quorate_succeed metadata etcd.service ${host.process} ${
    host.path("data")
  } disk_id ${whose} n1 ${former}`;
  return host.sh(`${shellFor(command, disk)}\n${program}\n${command}\n`);
};
const ready = (host: Host): void => {
  host.write("data.quorate-next/member/ids", "c2 b1\n");
};
const latch = (host: Host): string => host.read("state/metadata/latch");
const asideOf = (host: Host): string | undefined =>
  [...Deno.readDirSync(host.root)].map((e) => e.name).find((n) => /^data\.quorate-\d+T\d+Z-c1-a1$/.test(n));
const isDone = (host: Host): void => {
  assert.equal(host.read("data/member/ids"), "c2 b1\n");
  assert.match(latch(host), /\nclusterId=c2\nmemberId=b1\nvoters=n1\nformer=c1\n$/);
  assert.equal(host.read(`${asideOf(host)}/member/ids`), "c1 a1\n", "set aside, not deleted");
  assert.deepEqual(host.list(".").filter((n) => n.endsWith("-next")), []);
};

Deno.test("the latch is written, the old data goes aside, the new one comes in its place; twice is once", async () => {
  await using host = new Host();
  host.write("data/member/ids", "c1 a1\n");
  ready(host);
  host.write("state/metadata/started", "quorate=1\n");
  assert.deepEqual((await succeed(host)).err, "");
  isDone(host);
  assert.deepEqual(host.list("state/metadata"), ["latch"]);
  assert.equal((await succeed(host)).code, 0);
  isDone(host);
});

Deno.test("killed before any of its moves, the same again goes on", async () => {
  // Each of these ends the shell where it would call it; so the moves before it are done, and no other.
  const moves = ["quorate_mark_place", "quorate_unmark", "quorate_set_aside", "mv", "rmdir"];
  for (const move of moves) {
    await using host = new Host();
    host.write("data/member/ids", "c1 a1\n");
    ready(host);
    const { code } = await succeed(host, "a1", "c1", `${move}() { kill -9 $$; exit 9; }`);
    assert.notEqual(code, 0, move);
    assert.deepEqual((await succeed(host)).err, "", move);
    isDone(host);
  }
});

Deno.test("on an empty host nothing is set aside, and nothing is given up", async () => {
  await using host = new Host();
  ready(host);
  assert.equal((await succeed(host, "none", "")).code, 0);
  assert.match(latch(host), /\nvoters=n1\n$/);
  assert.equal(asideOf(host), undefined);
});

Deno.test("another's data stays, so does what runs, and without data that is ready nothing is touched", async () => {
  await using host = new Host();
  host.write("data/member/ids", "c1 a1\n");
  assert.match((await succeed(host)).err, /no data is ready/);
  ready(host);
  host.unit({ LoadState: "loaded", ActiveState: "active" });
  assert.match((await succeed(host)).err, /is not stopped/);
  assert.throws(() => latch(host));
  host.unit({ LoadState: "loaded", ActiveState: "inactive" });
  assert.match((await succeed(host, "a7")).err, /holds the data of member a1, not of a7/);
  assert.equal(host.read("data/member/ids"), "c1 a1\n");
});
