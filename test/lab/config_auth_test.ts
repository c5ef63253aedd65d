/** With authentication on, credentials come from a file on each node; without it nothing is touched. */
import assert from "node:assert/strict";
import type { EtcdVersion } from "../../lab/mod.ts";
import { Site } from "./kit.ts";

const CTL_ENV = "/root/ctl.env";

for (const etcd of ["3.4", "3.5"] as const) {
  Deno.test(`etcd ${etcd} with authentication on: ctlEnv holds the credentials`, (t) =>
    authenticated(etcd, t));
}

async function authenticated(etcd: EtcdVersion, t: Deno.TestContext): Promise<void> {
  await using site = await Site.up("auth", { hosts: 4, etcd });
  const { lab } = site;
  const hosts = ["n1", "n2", "n3", "n4"];
  const bare = await site.config(["n1", "n2", "n3"]);
  await site.apply(bare);
  for (const host of hosts) {
    await lab.must(host, `umask 077; echo 'ETCDCTL_USER="root:pass word"' >${CTL_ENV}`);
  }
  for (
    const command of [
      "user add 'root:pass word'",
      "role add root",
      "user grant-role root root",
      "auth enable",
    ]
  ) {
    const { code, err } = await site.etcdctl("n1", command);
    assert.equal(code, 0, err);
  }
  site.witness = "--user 'root:pass word'";
  const options = { ctlEnv: CTL_ENV };
  const three = await site.config(["n1", "n2", "n3"], { options });
  const four = await site.config(hosts, { options });

  await t.step("a member joins", async () => {
    // Each question costs etcd a password hash: on a busy machine a run may see too little, and the next goes on.
    await site.applied(four);
    await site.mustBe(...hosts);
    await site.mustBeSteady(four);
  });

  await t.step("a member leaves", async () => {
    await site.applied(three);
    await site.mustBe("n1", "n2", "n3");
    await site.mustBeSteady(three);
  });

  await t.step("without ctlEnv it is told that authentication is on, and nothing is touched", async () => {
    await site.refuses(await site.config(hosts), "S24", /authentication is on.*options\.ctlEnv/);
  });
}
