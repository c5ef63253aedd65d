/**
 * S1 on real hosts: a bootstrap happens only where it is proven that there never was anything.
 */
import { DATA, Site } from "./kit.ts";

/** etcd under a token of its own, in the place of the service's data. */
const STRAY = "--name stray --initial-cluster-token another --initial-cluster stray=http://127.0.0.1:2380 " +
  "--initial-advertise-peer-urls http://127.0.0.1:2380 --listen-peer-urls http://127.0.0.1:2380";

Deno.test("a bootstrap is refused where a service may have been", async (t) => {
  await using site = await Site.up("boot", { hosts: 3 });
  const { lab } = site;
  const three = await site.config(["n1", "n2", "n3"]);
  const stray = (host: string, data = DATA) =>
    lab.must(
      host,
      `install -d -o etcd -g etcd -m 700 ${data}
      systemd-run -q -u stray -p Type=notify -p User=etcd etcd ${STRAY} --data-dir ${data}
      ETCDCTL_API=3 etcdctl put a b`,
    );
  const cleared = (host: string, data = DATA) =>
    lab.must(host, `systemctl stop stray; rm -rf /var/lib/quorate ${data}`);

  await t.step("one node cannot be reached", async () => {
    await lab.cut("n3");
    await site.refuses(three, "S1", /n3 cannot be asked/);
    await lab.heal();
  });

  await t.step("one node is down", async () => {
    await lab.kill("n3");
    await site.refuses(three, "S1", /n3 cannot be asked/);
    await lab.boot("n3");
  });

  await t.step("a host that is no member cannot be reached", async () => {
    await lab.cut("n3");
    await site.refuses(await site.config(["n1", "n2"]), "S1", /n3 cannot be asked/);
    await lab.heal();
  });

  await t.step("one node carries another identity", async () => {
    await lab.must(
      "n2",
      `mkdir -p /var/lib/quorate/metadata
      printf 'quorate=1\\ndataPath=${DATA}\\nfsId=1\\nclusterId=abc\\nmemberId=def\\nvoters=x1,x2,x3\\n' \\
        >/var/lib/quorate/metadata/latch`,
    );
    await site.refuses(three, "S1", /n2 was member def of cluster abc/);
    await cleared("n2");
  });

  await t.step("a stray etcd runs on one node", async () => {
    await stray("n2");
    await site.refuses(three, "S1", /already answers on n2/);
  });

  await t.step("one node holds data", async () => {
    await lab.must("n2", "systemctl stop stray");
    await site.refuses(three, "S1", /n2 holds data/);
    await cleared("n2");
  });

  await t.step("a stray etcd runs on one node, elsewhere", async () => {
    await stray("n2", "/var/lib/etcd/stray");
    await site.refuses(three, "S1", /something answers on n2/);
    await cleared("n2", "/var/lib/etcd/stray");
  });

  await t.step("the package's default on one node has been written to", async () => {
    await lab.must("n3", "systemctl start etcd && ETCDCTL_API=3 etcdctl put a b");
    await site.refuses(three, "S1", /already answers on n3/);
    await lab.must("n3", "systemctl stop etcd");
    await site.refuses(three, "S1", /n3 holds data/);
    await lab.wipe("n3", DATA);
  });

  await t.step("the package's pristine default is no service, and is set aside", async () => {
    await lab.must("n2", "systemctl start etcd");
    await lab.must("n3", "systemctl start etcd && systemctl stop etcd");
    await site.apply(three);
    await site.mustBe("n1", "n2", "n3");
    for (const host of ["n2", "n3"]) await lab.must(host, `ls -d ${DATA}.quorate-*-8e9e05c52164694d/member`);
    await site.mustBeSteady(three);
  });
});
