/** The order of an adoption: whom it asks, when it stops, which config it takes. Hosts and plans are made up. */
import assert from "node:assert/strict";
import { etcd } from "../../../plugins/etcd/mod.ts";
import { adopt, type Adopting, type From, type Refused } from "../../../src/adopt/adopt.ts";
import type { Fleet, Reply, Trouble } from "../../../src/model/fleet.ts";
import type { ServiceView } from "../../../src/model/node.ts";
import type { Member, Observation } from "../../../src/model/observation.ts";
import type { ServicePlan } from "../../../src/model/plan.ts";
import { unreached } from "../../../src/node/parse.ts";
import { n1, view } from "../node/host.ts";
import type { SshTarget } from "../../../src/ssh/settings.ts";

const encoder = new TextEncoder();

/** The document of a probe, from the texts of its answers; all end with 0, but there is no manifest. */
function document(answers: Readonly<Record<string, string>>): Reply {
  const parts = Object.entries({ ...answers, manifest: "" }).flatMap(([name, out]) => [
    [`${name}.code`, name === "manifest" ? "1\n" : "0\n"],
    [`${name}.err`, ""],
    [`${name}.out`, out],
  ]);
  const files = [...parts.map(([name, text]) => [name, encoder.encode(text).length]), 0];
  const bytes = encoder.encode(parts.map(([, text]) => text).join("")).toBase64();
  const services = [{ name: "etcd", files, bytes }, 0];
  const text = JSON.stringify({ quorate: 1, time: "1", begun: "1", ended: "1", missing: [0], services });
  return { kind: "exited", code: 0, stdout: encoder.encode(`\n${text}\n`), stderr: new Uint8Array() };
}

const running = (n: number, uid = "0"): Reply =>
  document({
    uid: `${uid}\n`,
    hostname: `n${n}\n`,
    etcdctl: "/usr/bin/etcdctl\n",
    processes: "77 host etcd.service\n",
    "started.77":
      `ETCD_DATA_DIR=/var/lib/etcd\nETCD_INITIAL_ADVERTISE_PEER_URLS=https://10.0.0.1${n}:2380\n` +
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
}

/** What an adoption comes to, and what it did on the way. */
async function adopting({ hosts, plan = () => planned({}) }: World, ...from: readonly string[]) {
  const asked: SshTarget[] = [];
  const texts: string[] = [];
  let open = 0;
  const outside: Adopting = {
    plugins: [{ name: "etcd", adopt: etcd.adopt ?? assert.fail("etcd takes over clusters") }],
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
