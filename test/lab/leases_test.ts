/** Leases in a real etcd, on this machine's loopback. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { must, type Running, sh, spawn, until } from "../../lab/process.ts";
import { clock } from "../../src/cli/compose.ts";
import { Etcd, type EtcdAccess } from "../../src/lease/etcd.ts";
import { EtcdLeases } from "../../src/lease/leases.ts";
import { Unreachable } from "../../src/lease/unreachable.ts";

const MANAGER = fileURLToPath(new URL("lease_manager.ts", import.meta.url));

/** A port that nobody listens on just now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

interface KeptEtcd extends AsyncDisposable {
  readonly url: string;
  readonly process: Running;
}

/** An etcd of one member; with `tls` a folder of certificates. */
async function etcdUp(dir: string, tls?: string): Promise<KeptEtcd> {
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${freePort()}`;
  const peer = `http://127.0.0.1:${freePort()}`;
  const files = (names: readonly string[]) => names.map((flag) => `${tls}/${flag}`);
  const [ca = "", cert = "", key = ""] = files(["ca.pem", "server.pem", "server.key"]);
  const process = spawn([
    ...["etcd", "--data-dir", dir, "--listen-client-urls", url, "--advertise-client-urls", url],
    ...[
      "--listen-peer-urls",
      peer,
      "--initial-advertise-peer-urls",
      peer,
      "--initial-cluster",
      `default=${peer}`,
    ],
    ...(tls === undefined
      ? []
      : ["--cert-file", cert, "--key-file", key, "--client-cert-auth", "--trusted-ca-file", ca]),
  ]);
  await process.says(/ready to serve client requests|serving client/);
  return { url, process, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

const leasesIn = (access: EtcdAccess, holder: string): EtcdLeases =>
  new EtcdLeases({ ttlMs: 3_000, prefix: "/t/", holder, clock }, () => Promise.resolve(new Etcd(access)));

const CERTIFICATES = `
  cd $1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=ca
  sign() {
    openssl req -x509 -CA ca.pem -CAkey ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout $1.key \
      -out $1.pem -subj /CN=x -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=$2 \
      -addext "subjectAltName=$3"
  }
  sign server serverAuth,clientAuth IP:127.0.0.1,DNS:localhost
  sign client clientAuth DNS:manager
  mkdir other elsewhere; cd other
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=ca
  cd ..; cp ca.pem elsewhere/
  sign elsewhere/server serverAuth,clientAuth IP:127.9.9.9`;

Deno.test("an etcd that keeps leases: over TLS by address and by name, and what is wrong with it is said in time", async (t) => {
  const dir = await Deno.makeTempDir();
  try {
    await sh(CERTIFICATES, [dir]);
    const pem = (name: string) => Deno.readTextFile(`${dir}/${name}`);
    const ours = { ca: await pem("ca.pem"), cert: await pem("client.pem"), key: await pem("client.key") };
    const said = async (access: EtcdAccess): Promise<string> => {
      const leases = leasesIn(access, "a:1");
      const reply = await leases.of("m", false).take();
      await leases.close();
      return reply.kind === "refused" ? reply.refusal.evidence : reply.kind;
    };
    await using etcd = await etcdUp(`${dir}/data`, dir);
    await t.step("let in", async () => {
      const byName = etcd.url.replace("127.0.0.1", "localhost");
      for (const url of [etcd.url, byName]) assert.equal(await said({ endpoints: [url], ...ours }), "held");
      const dead = `https://127.0.0.1:${freePort()}`;
      assert.equal(
        await said({ endpoints: [dead, etcd.url], ...ours }),
        "held",
        "the next endpoint is asked",
      );
    });
    await t.step("not let in", async () => {
      const strange = { ...ours, ca: await pem("other/ca.pem") };
      assert.match(
        await said({ endpoints: [etcd.url], ...strange }),
        /does not tell: https:.*(certificate|signature|issuer)/i,
      );
      assert.match(
        await said({ endpoints: [etcd.url], ca: ours.ca }),
        /does not tell: https:/,
        "no certificate of ours",
      );
      await using wrong = await etcdUp(`${dir}/data2`, `${dir}/elsewhere`);
      assert.match(
        await said({ endpoints: [wrong.url], ...ours }),
        /127\.0\.0\.1 is not in the cert's list: 127\.9\.9\.9/,
      );
    });
    await t.step("hung: an error with a deadline, for a held lease as well; then it goes on", async () => {
      const leases = leasesIn({ endpoints: [etcd.url], ...ours }, "a:1");
      const reply = await leases.of("m", false).take();
      assert.ok(reply.kind === "held");
      Deno.kill(etcd.process.pid, "SIGSTOP");
      try {
        const direct = new Etcd({ endpoints: [etcd.url], ...ours });
        await assert.rejects(direct.owner("/t/m", false), Unreachable);
        direct.close();
        assert.equal((await reply.lease.holds()).kind, "refused");
      } finally {
        Deno.kill(etcd.process.pid, "SIGCONT");
      }
      await until("a lease again", async () => (await leases.of("n", false).take()).kind === "held");
      await leases.close();
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

interface Said {
  readonly at: number;
  readonly manager: number;
  readonly word: string;
  readonly service: string;
  readonly token: number;
}

Deno.test("three managers over thirty services: all are served, none by two at once; a dead or frozen one's are taken up", async () => {
  const dir = await Deno.makeTempDir();
  const managers: Running[] = [];
  try {
    await must([Deno.execPath(), "cache", "-q", MANAGER]);
    await using etcd = await etcdUp(`${dir}/data`);
    for (const name of ["a", "b", "c"]) {
      managers.push(spawn([Deno.execPath(), "run", "-A", "--no-check", "-q", MANAGER, etcd.url, name, "30"]));
    }
    const said = (): readonly Said[] =>
      managers.flatMap((running, manager) =>
        running.stdout().split("\n").slice(0, -1).map((line): Said => {
          const [at, word = "", service = "", token] = line.split(" ");
          return { at: Number(at), manager, word, service, token: Number(token) };
        })
      );
    const of = (manager: number, word: string): readonly Said[] =>
      said().filter((s) => s.manager === manager && s.word === word);
    const held = (manager: number): readonly Said[] =>
      of(manager, "begins").filter((b) =>
        !said().some((e) => e.word !== "begins" && e.service === b.service && e.token === b.token)
      );
    const takenUp = (services: readonly Said[], but: number) =>
      until(
        `${services.map((s) => s.service)} are taken up`,
        () =>
          services.every(({ service, token }) =>
            said().some((s) =>
              s.word === "begins" && s.manager !== but && s.service === service && s.token > token
            )
          ),
        20_000,
      );

    await until(
      "all are served, and each manager has a part",
      () =>
        new Set(said().filter((s) => s.word === "ends").map((s) => s.service)).size === 30 &&
        [0, 1, 2].every((m) => of(m, "ends").length > 5),
    );

    // Frozen for longer than its lease lives; what it held is others' when it wakes up, and it sees that. Not where it
    // had its answer already when it was frozen, or where what it wrote had not come in: if all was so, once more.
    const came = ({ service, token }: Said, ...words: readonly string[]): boolean =>
      said().some((s) =>
        s.manager === 1 && words.includes(s.word) && s.service === service && s.token === token
      );
    let lost = false;
    for (let times = 0; !lost && times < 4; times++) {
      let frozen: readonly Said[] = [];
      await until("a manager is at work when it is frozen", async () => {
        Deno.kill(managers[1]?.pid ?? 0, "SIGSTOP");
        await new Promise((r) => setTimeout(r, 50)); // what it has written comes in
        frozen = held(1);
        if (frozen.length === 0) Deno.kill(managers[1]?.pid ?? 0, "SIGCONT");
        return frozen.length > 0;
      });
      await takenUp(frozen, 1);
      Deno.kill(managers[1]?.pid ?? 0, "SIGCONT");
      await until("it has come to their end", () => frozen.every((one) => came(one, "ends", "lost")));
      lost = frozen.some((one) => came(one, "lost"));
    }
    assert.ok(lost, "it saw that it had lost one");

    let dead: readonly Said[] = [];
    await until("a manager is at work when it is killed", () => (dead = held(0)).length > 0);
    managers[0]?.kill("SIGKILL");
    await managers[0]?.exited;
    await takenUp(dead, 0);

    const spans = said().filter((s) => s.word === "begins").flatMap((begin) => {
      const end = said().find((e) =>
        e.word === "ends" && e.service === begin.service && e.token === begin.token
      );
      return end === undefined ? [] : [{ ...begin, until: end.at }];
    });
    assert.ok(spans.length > 60, `${spans.length}`);
    for (const one of spans) {
      for (const two of spans) {
        if (one === two || one.service !== two.service || one.token >= two.token) continue;
        assert.ok(one.until <= two.at, `two at once: ${JSON.stringify([one, two])}`);
      }
    }
    assert.deepEqual(managers.map((m) => m.stderr()), ["", "", ""]);
  } finally {
    await Promise.all(managers.map((m) => m[Symbol.asyncDispose]()));
    await Deno.remove(dir, { recursive: true });
  }
});
