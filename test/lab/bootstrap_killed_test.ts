/**
 * A bootstrap that was killed after one of its starts is finished by the next run; and a node that was started as new,
 * and lost its disk since, is never started as new again.
 */
import assert from "node:assert/strict";
import { until } from "../../lab/mod.ts";
import { DATA, Site } from "./kit.ts";

const HOSTS = ["n1", "n2", "n3"];

/** `systemctl start` does its work, and does not return as long as /run/hang is there. */
const HANGING = `#!/bin/sh
/usr/bin/systemctl "$@" || exit
case $1 in start) while [ -e /run/hang ]; do sleep 0.05; done ;; esac
`;

Deno.test("a bootstrap that was killed is finished by the next run", async (t) => {
  await using site = await Site.up("killed", { hosts: 3 });
  const { lab } = site;
  const three = await site.config(HOSTS);

  /** Kills a bootstrap when etcd has been started on these hosts, of which the last does not tell, and on no others. */
  async function killedAfter(...started: readonly string[]): Promise<void> {
    const host = started.at(-1) ?? "";
    const others = HOSTS.filter((h) => !started.includes(h));
    // Where the mark that comes before a start is to be written, something is in the way.
    const way = "/var/lib/quorate/metadata/started.quorate-new";
    for (const other of others) await lab.must(other, `mkdir -p ${way}`);
    await lab.must(
      host,
      "cat >/usr/local/bin/systemctl && chmod 755 /usr/local/bin/systemctl && touch /run/hang",
      {
        stdin: HANGING,
      },
    );
    await using tool = site.start(three, "apply", "-o", "json");
    for (const other of others) await tool.says(new RegExp(`"stepFailed".*"start-new:${other}"`), 60_000);
    await tool.says(new RegExp(`"stepStarted".*"start-new:${host}"`), 60_000);
    for (const one of started) {
      // By its unit: a look at the node asks the program for its version, and that is a process, too.
      const pid = "systemctl show -p MainPID --value etcd";
      await until(`etcd runs on ${one}`, async () => Number(await lab.must(one, pid)) > 0, 60_000);
    }
    tool.kill("SIGKILL");
    assert.equal((await tool.exited).signal, "SIGKILL");
    for (const other of others) await lab.must(other, `rmdir ${way}; ! pidof etcd`);
    await lab.must(host, "rm /run/hang /usr/local/bin/systemctl");
    const intents = await Promise.all(
      HOSTS.map((h) => lab.on(h, "test -e /var/lib/quorate/metadata/intent")),
    );
    assert.deepEqual(intents.map((i) => i.code), [0, 0, 0], "it was not finished");
  }

  /** One cluster of all, nothing left of its bootstrap, and a latch on each. */
  async function isFormed(): Promise<void> {
    await site.mustBe(...HOSTS);
    for (const host of HOSTS) {
      await lab.must(host, "cd /var/lib/quorate/metadata && test -s latch && test ! -e intent");
    }
    await site.mustBeSteady(three);
  }

  const idOf = async (host: string) => (await site.members("n2")).find((m) => m.name === host)?.id;
  /** How often etcd has been started as `new` here, as it tells itself, on this disk. */
  const startedAsNew = async (host: string) =>
    Number(
      await lab.must(host, "journalctl -q -o cat -u etcd | grep -c ETCD_INITIAL_CLUSTER_STATE=new; true"),
    );

  async function killedWithAKey(...started: readonly string[]): Promise<void> {
    await killedAfter(...started);
    await site.serving("n2");
    await site.put("n2", "early", "bird");
  }

  await t.step("killed after the first start", async () => {
    await killedAfter("n1");
    await site.apply(three);
    await isFormed();
  });

  for (const started of [["n1", "n2"], HOSTS]) {
    await t.step(
      `killed after the start of ${started.join(", ")}: keys that were written are kept`,
      async () => {
        await site.reset();
        await killedWithAKey(...started);
        await site.apply(three);
        await isFormed();
        assert.equal(await site.get("n3", "early"), "bird");
      },
    );
  }

  await t.step("killed after the first start, whose data is wiped since", async () => {
    await site.reset();
    await killedAfter("n1");
    await lab.must("n1", "systemctl stop etcd");
    await lab.wipe("n1", DATA);
    assert.equal(await startedAsNew("n1"), 1);
    await site.apply(three);
    await isFormed();
    assert.equal(await startedAsNew("n1"), 1, "not again");
  });

  await t.step("killed after the second start, and the first node's data is wiped since", async () => {
    await site.reset();
    await killedWithAKey("n1", "n2");
    const id = await idOf("n1");
    await lab.must("n1", "systemctl stop etcd");
    await lab.wipe("n1", DATA);
    await site.apply(three);
    await isFormed();
    assert.equal(await startedAsNew("n1"), 1, "not again");
    assert.notEqual(await idOf("n1"), id, "it joined under a new id");
    assert.equal(await site.get("n1", "early"), "bird");
  });

  await t.step("killed after the second start, and both nodes' data is wiped since", async () => {
    await site.reset();
    await killedWithAKey("n1", "n2");
    for (const host of ["n1", "n2"]) {
      await lab.must(host, "systemctl stop etcd");
      await lab.wipe(host, DATA);
    }
    await site.refuses(three, "S1", /n1, n2 had been started by the unfinished bootstrap/);
  });

  await t.step("killed after the second start, and the first node has a new disk since", async () => {
    await site.reset();
    await killedWithAKey("n1", "n2");
    const id = await idOf("n1");
    await lab.freshDisk("n1");
    // The others are finished; that the disk of n1 is not merely somewhere else, only a person can know.
    const { err } = await site.apply(three, 5);
    assert.match(err, /S3 .*the data of member \S+ is not found on n1/);
    await site.refuses(three, "S3", /the data of member \S+ is not found on n1/);
    await lab.must("n1", "! pidof etcd && test ! -e /var/lib/quorate");
    await site.apply(await site.config(["n2", "n3"]));
    await site.apply(three);
    await isFormed();
    assert.equal(await startedAsNew("n1"), 0, "not again");
    assert.notEqual(await idOf("n1"), id, "it joined under a new id");
    assert.equal(await site.get("n1", "early"), "bird");
  });
});
