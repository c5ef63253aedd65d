import assert from "node:assert/strict";
import { etcdAskPeers, etcdCheck } from "../../../plugins/etcd/check.ts";
import { diskIdShell } from "../../../plugins/etcd/disk.ts";
import type { EtcdOptions } from "../../../plugins/etcd/options.ts";
import { readEtcd, readPeers } from "../../../plugins/etcd/read.ts";
import type { NodeFacts, RecordedMember } from "../../../src/model/node.ts";
import { askScript, checkScript } from "../../../src/node/check.ts";
import { readAsks, readCheck } from "../../../src/node/parse.ts";
import type { Asks, Service } from "../../../src/playbook/plugin.ts";
import { Host, n1, service } from "../node/host.ts";
import { options, tls } from "./options.ts";

const recorded = async (name: string): Promise<Asks> =>
  JSON.parse(await Deno.readTextFile(new URL(`asks/${name}.json`, import.meta.url)));
const healthy = await recorded("3.5.30-healthy");
const noQuorum = await recorded("3.5.30-no-quorum");
const learner = await recorded("3.5.30-learner");

/** A host with an etcd that listens, and an etcdctl that gives the answers that were recorded. */
class EtcdHost extends Host {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly port = this.#listener.addr.port;

  constructor(answers: Asks) {
    super();
    for (const name of ["status", "get", "members"]) {
      const { code, out, err } = answers[name] ?? { code: 9, out: "", err: "not recorded" };
      this.write(`answers/${name}`, out);
      this.write(`answers/${name}.err`, err);
      this.write(`answers/${name}.code`, `${code}`);
    }
    this.program(
      "etcdctl",
      `cd ${this.root}
echo "$* $ETCDCTL_API $ETCDCTL_ENDPOINTS $ETCDCTL_USER $ETCDCTL_CACERT $ETCDCTL_CERT $ETCDCTL_WRITE_OUT" >>etcdctl.calls
case $* in *" endpoint status "*) name=status ;; *" get "*) name=get ;; *) name=members ;; esac
[ ! -e hangs ] || sleep 60
cat answers/$name
cat answers/$name.err >&2
exit "$(cat answers/$name.code)"
`,
    );
    this.program("etcd", "echo etcd Version: 3.5.30\n");
  }

  /** Which questions were put to etcdctl. */
  asked(): readonly string[] {
    return this.lines().map((line) => /status|get|member list/.exec(line)?.[0] ?? line);
  }
  lines(): readonly string[] {
    try {
      return this.read("etcdctl.calls").trimEnd().split("\n");
    } catch {
      return [];
    }
  }
  run(): Promise<number> {
    return this.start({
      ETCD_DATA_DIR: this.path("data"),
      ETCD_LISTEN_CLIENT_URLS: `http://127.0.0.1:${this.port}`,
    });
  }
  options(): EtcdOptions {
    return { ...options, dataDir: this.path("data"), envFile: this.path("etc/env"), clientPort: this.port };
  }
  service(o: EtcdOptions): Service {
    return service(this, {
      shell: diskIdShell,
      check: (n) => etcdCheck(o, n),
      read: (asks, n) => readEtcd(asks, n, o),
      askPeers: (members, from) => etcdAskPeers(o, members, from),
      readPeers,
    });
  }
  async look(o = this.options()): Promise<NodeFacts> {
    const s = this.service(o);
    const { bytes } = await this.sh(checkScript([s], n1));
    return readCheck(bytes, s, n1, { sentMs: 0, receivedMs: 0 });
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await super[Symbol.asyncDispose]();
  }
}

Deno.test("a healthy member is asked three questions: its status, a linearizable read, the members", async () => {
  await using host = new EtcdHost(healthy);
  await host.run();
  const { view, installed, process } = await host.look();
  assert.deepEqual(host.asked(), ["status", "get", "member list"]);
  assert.deepEqual([view?.linearizable, view?.local, view?.members?.length], ["yes", "yes", 3]);
  assert.deepEqual([installed, process], ["3.5.30", "yes"]);
  assert.match(host.lines()[0] ?? "", new RegExp(` 3 http://127.0.0.1:${host.port} +$`));
});

Deno.test("where no process lives etcdctl is not called", async () => {
  await using host = new EtcdHost(healthy);
  const facts = await host.look({ ...host.options(), clientPort: 1, peerPort: 2 });
  assert.deepEqual(host.lines(), []);
  assert.deepEqual([facts.view, facts.process, facts.data.state], [undefined, "no", "empty"]);
  assert.equal(facts.installed, "3.5.30");
});

Deno.test("a stranger that listens where no process of the service lives is seen, and not asked", async () => {
  await using host = new EtcdHost(healthy);
  const { view, process } = await host.look();
  assert.deepEqual([host.lines(), process, view?.identity, view?.linearizable], [
    [],
    "no",
    undefined,
    "unknown",
  ]);
  assert.match(view?.trouble ?? "", new RegExp(`not this service's listens on port ${host.port} or 2380`));
});

Deno.test("where the process does not listen yet etcdctl is not called", async () => {
  await using host = new EtcdHost(healthy);
  await host.start({ ETCD_DATA_DIR: host.path("data"), ETCD_LISTEN_CLIENT_URLS: "http://127.0.0.1:1" });
  const { view } = await host.look();
  assert.deepEqual([host.lines(), view?.local, view?.trouble], [[], "no", "etcd does not listen yet"]);
});

Deno.test("a learner is asked for its status only", async () => {
  await using host = new EtcdHost(learner);
  await host.run();
  assert.deepEqual([(await host.look()).view?.role, host.asked()], ["learner", ["status"]]);
});

Deno.test("a leader that was elected while the read waited is seen", async () => {
  await using host = new EtcdHost({ ...healthy, status: noQuorum.status ?? {} as Asks[string] });
  await host.run();
  await host.look();
  assert.deepEqual(host.asked(), ["status", "get", "member list", "status"]);
});

Deno.test("an etcd that hangs costs its status alone, and the rest of the node is known", async () => {
  await using host = new EtcdHost(healthy);
  host.write("hangs", "");
  await host.run();
  const facts = await host.look();
  assert.deepEqual([host.asked(), facts.view?.local, facts.view?.identity], [
    ["status"],
    "unknown",
    undefined,
  ]);
  assert.equal(facts.view?.trouble, "etcdctl did not answer in time");
  assert.deepEqual([facts.reached, facts.process, facts.data.state], [true, "yes", "empty"]);
});

Deno.test("the node's own address goes before localhost, which a certificate may not name", async () => {
  for (
    const [urls, endpoint] of [
      ["http://127.0.0.1:PORT,https://10.9.0.11:PORT", "https://10.9.0.11:PORT"],
      ["https://0.0.0.0:PORT", "https://10.9.0.11:PORT"],
      ["http://localhost:PORT", "http://localhost:PORT"],
      ["http://127.0.0.1:1,http://127.0.0.1:PORT", "http://127.0.0.1:1"],
    ] as const
  ) {
    await using host = new EtcdHost(healthy);
    const at = (text: string) => text.replaceAll("PORT", String(host.port));
    await host.start({ ETCD_DATA_DIR: host.path("data"), ETCD_LISTEN_CLIENT_URLS: at(urls) });
    await host.look({ ...host.options(), tls });
    const asked = host.lines()[0]?.split(" ").find((word) => word.startsWith("http"));
    assert.equal(asked, endpoint.endsWith(":1") ? undefined : at(endpoint), urls);
  }
});

Deno.test("credentials are the options', then the node's own; what would break etcdctl is left out", async () => {
  await using host = new EtcdHost(healthy);
  await host.run();
  const ctlEnv = host.write(
    "etc/ctl.env",
    "ETCDCTL_USER=root:pw\nETCDCTL_CERT=/own.crt\nETCDCTL_WRITE_OUT=table\nETCDCTL_ENDPOINTS=http://evil:1\n",
  );
  await host.look({ ...host.options(), tls, ctlEnv });
  assert.match(
    host.lines()[0] ?? "",
    new RegExp(`3 http://127.0.0.1:${host.port} root:pw /pki/ca.crt /own.crt $`),
  );
});

Deno.test("a file of credentials that cannot be read is said, and nothing is asked", async () => {
  await using host = new EtcdHost(healthy);
  await host.run();
  const { view } = await host.look({ ...host.options(), ctlEnv: "/nowhere/ctl.env" });
  assert.deepEqual([host.lines(), view?.trouble, view?.linearizable], [
    [],
    "cannot read /nowhere/ctl.env",
    "unknown",
  ]);
});

Deno.test("a directory that the process was told and the config does not name is seen", async () => {
  await using host = new EtcdHost(healthy);
  await host.run();
  const { data } = await host.look({ ...host.options(), dataDir: host.path("data") });
  assert.equal(data.state, "empty");
  await using other = new EtcdHost(healthy);
  await other.start({
    ETCD_DATA_DIR: other.path("elsewhere"),
    ETCD_INITIAL_CLUSTER: other.path("data"),
    ETCD_LISTEN_CLIENT_URLS: `http://127.0.0.1:${other.port}`,
  });
  assert.match((await other.look()).data.why ?? "", /the service uses .*\/elsewhere, and the config says/);
});

Deno.test("a unit's file or flags that name another directory are seen while it is stopped", async () => {
  await using host = new EtcdHost(healthy);
  host.write("etc/env", "# ETCD_DATA_DIR=/comment\nETCD_DATA_DIR='/from the file'\n");
  assert.match((await host.look()).data.why ?? "", /the service uses \/from the file,/);
  host.unit({
    LoadState: "loaded",
    ActiveState: "inactive",
    MainPID: "0",
    ExecStart: "{ argv[]=/usr/bin/etcd --data-dir /flag ; x=y }",
  });
  host.write("etc/env", "");
  assert.match((await host.look()).data.why ?? "", /the service uses \/flag,/);
});

Deno.test("a package's own directory matters only where it holds something", async () => {
  await using host = new EtcdHost(healthy);
  // Both words of the fake systemctl's answer are looked through.
  host.unit({
    LoadState: "loaded",
    ActiveState: "inactive",
    MainPID: `0\n ETCD_DATA_DIR=${host.path("package")}`,
  });
  assert.equal((await host.look()).data.state, "empty");
  host.write("package/member/wal/0000000000000000-0000000000000000.wal", "");
  assert.match((await host.look()).data.why ?? "", /the service uses .*\/package,/);
});

Deno.test("only etcd's own variables leave the node", async () => {
  await using host = new EtcdHost(healthy);
  host.write("etc/env", "ETCD_NAME=n1\nPASSWORD=secret-1\nETCD_X=a \\\n b\n");
  await host.start({
    ETCD_DATA_DIR: host.path("data"),
    ETCD_LISTEN_CLIENT_URLS: "http://127.0.0.1:1",
    ETCD_NAME: "n1",
    ETCD_X: "as it was started",
    P: "secret-2",
  });
  const s = host.service(host.options());
  const { bytes } = await host.sh(checkScript([s], n1));
  const asks = readAsks(bytes, s) ?? {};
  assert.deepEqual(readEtcd(asks, n1, options).settings, {
    ETCD_NAME: "n1",
    ETCD_X: "as it was started",
  });
  assert.doesNotMatch(JSON.stringify(asks), /secret/);
});

Deno.test("a setting that a running process was not started with is not in effect; a stopped one will take it", async () => {
  await using host = new EtcdHost(healthy);
  host.write("etc/env", "ETCD_X=new\nETCD_INITIAL_CLUSTER_STATE=existing\n");
  const settings = async () => (await host.look()).settings;
  assert.deepEqual(await settings(), { ETCD_X: "new", ETCD_INITIAL_CLUSTER_STATE: "existing" });
  await host.start({
    ETCD_DATA_DIR: host.path("data"),
    ETCD_LISTEN_CLIENT_URLS: "http://127.0.0.1:1",
    ETCD_INITIAL_CLUSTER_STATE: "new",
  });
  assert.deepEqual(await settings(), { ETCD_INITIAL_CLUSTER_STATE: "existing" });
});

Deno.test("peers are asked at their own URLs, voters by a read and learners by their status", async () => {
  await using host = new EtcdHost(healthy);
  const peer = (id: string, role: RecordedMember["role"], clientUrls: readonly string[]): RecordedMember => ({
    id,
    name: clientUrls.length === 0 ? "" : "x",
    role,
    peerUrls: ["http://x:2380"],
    clientUrls,
  });
  const members = [
    peer("c43a67ce07cdef7a", "voter", ["http://a:1", "http://b:1"]),
    peer("b2", "learner", ["http://c:1"]),
    peer("c3", "voter", []),
  ];
  const s = host.service(host.options());
  const { bytes } = await host.sh(askScript(s, s.askPeers(members, n1)));
  assert.deepEqual(s.readPeers(readAsks(bytes, s) ?? {}, members), {
    c43a67ce07cdef7a: "yes",
    b2: "unknown",
    c3: "no",
  });
  assert.deepEqual([...host.lines()].map((l) => l.replace(/^.*-w json /, "").trim()).sort(), [
    "3 http://a:1,http://b:1",
    "3 http://c:1",
  ]);
});
