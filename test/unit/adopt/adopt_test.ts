/** The order of an adoption: whom it asks, when it stops, which config it takes. Hosts and plans are made up. */
import assert from "node:assert/strict";
import { etcd } from "../../../plugins/etcd/mod.ts";
import { zookeeper } from "../../../plugins/zookeeper/mod.ts";
import { adopt, type Adopting, type From, type Refused } from "../../../src/adopt/adopt.ts";
import type { Fleet, Reply, Trouble } from "../../../src/model/fleet.ts";
import type { ServiceView } from "../../../src/model/node.ts";
import type { Member, Observation } from "../../../src/model/observation.ts";
import type { ServicePlan } from "../../../src/model/plan.ts";
import { unreached } from "../../../src/node/parse.ts";
import { n1, view } from "../node/host.ts";
import type { SshTarget } from "../../../src/ssh/settings.ts";

const encoder = new TextEncoder();

/** The document of probes, by plugin, from the texts of their answers; all end with 0, but there is no manifest. */
function document(probes: Readonly<Record<string, Readonly<Record<string, string>>>>): Reply {
  const services = [...Object.entries(probes).map(([name, answers]) => partOf(name, answers)), 0];
  const text = JSON.stringify({ quorate: 1, time: "1", begun: "1", ended: "1", missing: [0], services });
  return { kind: "exited", code: 0, stdout: encoder.encode(`\n${text}\n`), stderr: new Uint8Array() };
}
function partOf(name: string, answers: Readonly<Record<string, string>>) {
  const parts = Object.entries({ ...answers, manifest: "" }).flatMap(([name, out]) => [
    [`${name}.code`, name === "manifest" ? "1\n" : "0\n"],
    [`${name}.err`, ""],
    [`${name}.out`, out],
  ]);
  const files = [...parts.map(([name, text]) => [name, encoder.encode(text).length]), 0];
  const bytes = encoder.encode(parts.map(([, text]) => text).join("")).toBase64();
  return { name, files, bytes };
}

const running = (n: number, uid = "0", besides: Readonly<Record<string, string>> = {}): Reply =>
  document({ zookeeper: { uid: `${uid}\n`, processes: "", ...besides }, etcd: etcdOn(n, uid) });
const etcdOn = (n: number, uid: string) => ({
  uid: `${uid}\n`,
  hostname: `n${n}\n`,
  etcdctl: "/usr/bin/etcdctl\n",
  processes: "77 host etcd.service\n",
  "started.77": `ETCD_DATA_DIR=/var/lib/etcd\nETCD_INITIAL_ADVERTISE_PEER_URLS=https://10.0.0.1${n}:2380\n` +
    "ETCD_ADVERTISE_CLIENT_URLS=https://10.0.0.11:2379\nETCD_CERT_FILE=/pki/s.crt\nETCD_KEY_FILE=/pki/s.key\n" +
    "ETCD_TRUSTED_CA_FILE=/pki/ca.crt\nETCD_PEER_CERT_FILE=/pki/p.crt\nETCD_PEER_KEY_FILE=/pki/p.key\n--\netcd\n",
  "unit.77": "User=etcd\n",
  "names.77": "- /etc/default/etcd\n",
});
const troubled = (code: Trouble["code"]): Reply => ({
  kind: "unreachable",
  trouble: { code, detail: `it says ${code}`, unblock: "put it right" },
});

const member = (n: number, more: Partial<Member> = {}): Member => ({
  id: `a${n}`,
  name: `n${n}`,
  node: undefined,
  role: "voter",
  peerUrls: [`https://10.0.0.1${n}:2380`],
  clientUrls: [`https://10.0.0.1${n}:2379`],
  leader: false,
  health: "healthy",
  caughtUp: "no",
  version: "3.5.30",
  ...more,
});

const planned = (seen: Partial<Observation>, refusals: ServicePlan["refusals"] = []): ServicePlan => ({
  name: "etcd",
  plugin: "etcd",
  case: "steady",
  changes: [],
  refusals,
  seen: {
    service: "etcd",
    at: 0,
    members: [member(1, { node: "n1" }), member(2), member(3)],
    clusterId: "c1",
    state: "held",
    quorum: { voters: 3, healthy: 3, needed: 2, margin: 1 },
    nodes: {},
    conflicts: [],
    ...seen,
  },
});

interface World {
  readonly hosts: Readonly<Record<string, Reply>>;
  readonly plan?: (text: string) => ServicePlan | Refused;
  /** What a person says that it is. */
  readonly service?: string;
}

/** What an adoption comes to, and what it did on the way. */
async function adopting({ hosts, plan = () => planned({}), service }: World, ...from: readonly string[]) {
  const asked: SshTarget[] = [];
  const texts: string[] = [];
  let open = 0;
  const outside: Adopting = {
    plugins: [etcd, zookeeper].filter((p) => service === undefined || p.name === service).map((
      { name, adopt },
    ) => ({
      name,
      adopt: adopt ?? assert.fail(`${name} takes over clusters`),
    })),
    fleet(targets) {
      open++;
      asked.push(...targets);
      const never = (): never => assert.fail("an adoption only runs its probe");
      const fleet: Fleet = {
        run: (name) => {
          const target = targets.find((t) => t.name === name);
          return Promise.resolve(
            hosts[target?.ssh.become === undefined ? target?.host ?? "" : `sudo ${target.host}`] ??
              troubled("unreachable"),
          );
        },
        lock: never,
        fetch: never,
        close: () => Promise.resolve(void open--),
      };
      return fleet;
    },
    plan(text) {
      texts.push(text);
      return Promise.resolve(plan(text));
    },
  };
  const named = from.map((host): From => ({ text: host, host, user: undefined, port: undefined }));
  const end = await adopt(outside, named, {});
  assert.equal(open, 0, "every connection was closed");
  return { end, texts, asked: asked.map((t) => t.host) };
}
const three = { n1: running(1), "10.0.0.12": running(2), "10.0.0.13": running(3) };

Deno.test("one host is named, and the others are found where the record says that they are", async () => {
  const { end, asked, texts } = await adopting({ hosts: three }, "n1");
  assert.deepEqual(asked, ["n1", "10.0.0.12", "10.0.0.13"]);
  assert.equal(end.kind, "config");
  assert.match(texts.at(-1) ?? "", /n2: \{ host: 10\.0\.0\.12 \} # member n2, a2\n/);
});

Deno.test("a host that was named and cannot be asked ends it before anything else is asked", async () => {
  const { end, texts } = await adopting({ hosts: { n1: troubled("hostKeyUnknown") } }, "n1");
  assert.equal(end.kind, "unreached");
  assert.deepEqual(end.remarks.map((r) => r.now), ["put it right"]);
  assert.deepEqual(texts, []);
});

Deno.test("a member's host whose key is not known, or that refuses the login, ends it: nothing is guessed", async () => {
  for (const code of ["hostKeyUnknown", "hostKeyChanged", "authRefused"] as const) {
    const { end } = await adopting({ hosts: { ...three, "10.0.0.13": troubled(code) } }, "n1");
    assert.equal(end.kind, "unreached", code);
    assert.match(end.remarks[0]?.what ?? "", /^member n3 at 10\.0\.0\.13 cannot be looked at/);
  }
});

Deno.test("a member's host that is down gets its entry, with a comment and a note", async () => {
  const { end } = await adopting({ hosts: { ...three, "10.0.0.13": troubled("unreachable") } }, "n1");
  assert.equal(end.kind, "config");
  if (end.kind !== "config") return;
  assert.deepEqual(end.unseen, ["n3"]);
  assert.match(end.text, /n3: \{ host: 10\.0\.0\.13 \} # member n3, a3; NOT LOOKED AT/);
  assert.match(end.remarks.at(-1)?.what ?? "", /^n3 was not looked at/);
});

Deno.test("where the login is not root's all is asked again by sudo, and the config says so", async () => {
  const hosts = {
    n1: running(1, "1000"),
    "sudo n1": running(1),
    "sudo 10.0.0.12": running(2),
    "sudo 10.0.0.13": running(3),
  };
  const { end, asked } = await adopting({ hosts }, "n1");
  assert.deepEqual(asked, ["n1", "n1", "10.0.0.12", "10.0.0.13"]);
  assert.match(end.kind === "config" ? end.text : "", /^ssh: \{ become: sudo \}$/m);
});

Deno.test("credentials are tried one after another: the first config whose plan only latches is taken", async () => {
  const refused = planned({}, [{ rule: "S24", evidence: "bad certificate", unblock: "" }]);
  const { end } = await adopting({
    hosts: three,
    plan: (text) =>
      text.includes("clientCert: /pki/p.crt") ? planned({}) : { ...refused, seen: planned({}).seen },
  }, "n1");
  assert.match(end.kind === "config" ? end.text : "", /clientCert: \/pki\/p\.crt/);
});

Deno.test("where no config's plan only latches, the likeliest is given with its plan", async () => {
  const refusals = [{ rule: "S24", evidence: "bad certificate", unblock: "" }] as const;
  const { end } = await adopting({ hosts: three, plan: () => planned({}, refusals) }, "n1");
  assert.deepEqual(end.kind === "config" ? end.plan.refusals : [], refusals);
  assert.doesNotMatch(end.kind === "config" ? end.text : "clientCert:", /clientCert:/);
});

Deno.test("a host that was named and is no member of the first one's cluster ends it", async () => {
  const { end } = await adopting({ hosts: { ...three, n9: running(9) } }, "n1", "n9");
  assert.equal(end.kind, "unkeepable");
  assert.match(end.remarks[0]?.what ?? "", /^n9 runs no member/);
});

const nodeSays = (more: Partial<ServiceView>): Partial<Observation> => ({
  members: [],
  nodes: { n1: { ...unreached(n1, { kind: "lost", detail: "" }), reached: true, view: view(more) } },
});

Deno.test("without a quorum, with authentication, or with nothing ever written, it says so and stops", async () => {
  const end = async (seen: Partial<Observation>) =>
    (await adopting({ hosts: three, plan: () => planned(seen) }, "n1")).end;
  const lost = await end({ ...nodeSays({ local: "no", trouble: "no leader" }), state: "lost" });
  assert.equal(lost.kind, "quorumLost");
  const auth = await end({ ...nodeSays({ local: "yes", trouble: "user name is empty" }), state: "lost" });
  assert.deepEqual([auth.kind, auth.remarks.map((r) => r.what)], [
    "unkeepable",
    ["the list of members could not be read: n1: user name is empty"],
  ]);
  assert.match(auth.remarks[0]?.now ?? "", /--option ctlEnv/);
  const untouched = await end({ ...nodeSays({ pristine: "yes" }), state: "never-formed" });
  assert.match(untouched.remarks[0]?.what ?? "", /what its package starts by itself/);
});

Deno.test("a config that the loader does not take is a reason, not a file", async () => {
  const wrong: Refused = { kind: "unkeepable", remarks: [{ kind: "stop", what: "not valid", now: "" }] };
  const { end } = await adopting({ hosts: three, plan: () => wrong }, "n1");
  assert.deepEqual(end, wrong);
});

Deno.test("which service it is, the hosts tell; where both run or none does, it is asked for", async () => {
  const both = running(1, "0", { processes: "88 host zk.service\n" });
  const { end, texts } = await adopting({ hosts: { ...three, n1: both } }, "n1");
  assert.deepEqual([end.kind, texts], ["unkeepable", []]);
  assert.deepEqual(end.remarks.map((r) => [r.what, r.now]), [[
    "n1: etcd and zookeeper run there",
    "say which: --service etcd or --service zookeeper; each can have a config of its own",
  ]]);
  const told = await adopting({ hosts: { ...three, n1: both }, service: "etcd" }, "n1");
  assert.equal(told.end.kind, "config");
  const other = await adopting({ hosts: { n1: both }, service: "zookeeper" }, "n1");
  assert.match(other.end.remarks[0]?.what ?? "", /how ZooKeeper was started cannot be read/);
  const none = document({ etcd: { uid: "0\n", processes: "" }, zookeeper: { uid: "0\n", processes: "" } });
  const nothing = await adopting({ hosts: { n1: none, n2: none } }, "n1", "n2");
  assert.equal(nothing.end.remarks[0]?.what, "n1 and n2: no etcd and no zookeeper runs there");
});

Deno.test("who only listens is nobody that the config names", async () => {
  const members = [...planned({}).seen.members, member(9, { role: "observer" })];
  const { end, asked } = await adopting({ hosts: three, plan: () => planned({ members }) }, "n1");
  assert.equal(end.kind, "config");
  assert.equal(asked.length, 3);
});
