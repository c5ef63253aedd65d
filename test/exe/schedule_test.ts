/**
 * A management node whose timer is made by `quorate schedule`, on a path that needs quoting: members that are killed are
 * repaired by the timer alone, of systemd and of cron; people are told once of an incident and once of its end; and
 * nothing stays of it. docs/timer.md is what is typed.
 */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { type Lab, labUp, until } from "../../lab/mod.ts";
import { run } from "../../lab/process.ts";
import { provide, unpacked } from "../../lab/setup.ts";
import type { Message } from "../../src/signals/message.ts";
import { shellOf } from "../docs.ts";
import { build, root, scratch } from "./kit.ts";

const MGMT = "mg";
const CRON = "mc";
const NODES = ["n1", "n2", "n3"];
const CONFIG = "/etc/quorate 100%/it's $HOME.yaml";
const SHELL_CONFIG = `"${CONFIG.replace("$", "\\$")}"`;
const SECRET = "s3cret-path";
const PROM = "/var/lib/node_exporter/quorate.prom";

Deno.test("a timer repairs what is killed, tells people once, and is taken away without a trace", async (t) => {
  await provide({ cron: "runs Quorate where systemd does not", logrotate: "rotates its journal" });
  const exe = await build(scratch());
  await using lab = await labUp({ name: "tm-exe", hosts: [MGMT, CRON, ...NODES, "n4"] });
  const told: Message[] = [];
  await using _hook = await webhook(lab, told);
  await prepare(lab, exe);
  const page = shellOf(await Deno.readTextFile(`${root}docs/timer.md`));
  /** Types a snippet of the page with more words behind its first line; gives what is printed. */
  const type = (heading: string, more = ""): Promise<string> => {
    const snippet = page.find((one) => one.heading === heading);
    assert.ok(snippet !== undefined, `docs/timer.md has no snippet under ${heading}`);
    return lab.must(MGMT, `cd /root; set -eu\n${snippet.text.replace("\n", `${more}\n`)}`, {
      timeoutMs: 120_000,
    });
  };
  const before = await files(lab, MGMT);
  const cron = byCron(lab).then(() => undefined, (error) => error);

  await t.step("the timer forms the cluster by itself, and a second install changes nothing", async () => {
    const said = await type("Install the timer", ` -c ${SHELL_CONFIG} --every 2s`);
    assert.match(said, /^--- \/dev\/null\n\+\+\+ \/etc\/systemd\/system\/quorate.service\n/);
    await Promise.all(NODES.map((node) => up(lab, node)));
    await until("people are told of the change", () => told.length > 0);
    assert.deepEqual(told.map((m) => [m.kind, m.service, m.changes[0]?.case]), [[
      "change",
      "metadata",
      "bootstrap",
    ]]);
    assert.equal(await type("Install the timer", ` -c ${SHELL_CONFIG} --every 2s`), "");
  });

  await t.step("a member that is killed is repaired by the timer alone", async () => {
    await kill(lab, "n2");
    await up(lab, "n2");
    await until("people are told of it", () => told.length > 1);
    assert.deepEqual(told[1]?.changes, [{ case: "repairCrashed", subject: "n2" }]);
    let shown = "";
    await until("a run has ended and is told of", async () => {
      shown = await type("See what it does");
      return /\n {2}last {4}.*exit code 0 \(success\)\n/.test(shown);
    });
    assert.match(
      shown,
      /^systemd, every 2 s\n {2}config {2}\/etc\/quorate 100%\/it's \$HOME\.yaml\n {2}next {4}/,
    );
    assert.equal(shown.match(/: as `install` writes it$/gm)?.length, 3, shown);
    assert.match(shown, /metadata {2}converged {2}.*repairCrashed n2/);
  });

  await t.step("an incident is told once, and once its end, however many runs meet it", async () => {
    await lab.must("n3", "systemctl mask --now etcd");
    await until("people are told", () => told.length > 2);
    const runs = (): Promise<string> => lab.must(MGMT, `grep '^quorate_runs_total.*refused' ${PROM}`);
    const seen = await runs();
    await until("two more runs have met it", async () => {
      const count = (text: string): number => Number(text.trim().split(" ").at(-1));
      return count(await runs()) >= count(seen) + 2;
    });
    const status = "systemctl show -p ExecMainStatus --value quorate.service";
    await until("a run has ended and is told of", async () => await lab.must(MGMT, status) === "3");
    await lab.must("n3", "systemctl unmask etcd && systemctl start etcd");
    await until("people are told of the end", () => told.length > 3);
    assert.deepEqual(told.slice(2).map((m) => [m.kind, m.since]), [
      ["refusal", told[2]?.since],
      ["recovery", told[2]?.since],
    ]);
    assert.equal(told[2]?.refusals[0]?.rule, "masked");
    const hook = await lab.must(MGMT, "cat /var/lib/quorate/told");
    assert.deepEqual(hook.trim().split("\n").map((line) => JSON.parse(line).kind), told.map((m) => m.kind));
    const log = await lab.must(
      MGMT,
      "journalctl -u quorate.service -o cat; cat /var/lib/quorate/journal.jsonl",
    );
    assert.ok(log.includes("refused by a safety rule") && !log.includes(SECRET));
  });

  await t.step("the metrics are as Prometheus wants them", async () => {
    const promtool = await unpacked("promtool", "prometheus");
    const said = await run([promtool, "check", "metrics"], {
      stdin: await lab.must(MGMT, `cat ${PROM}`) + "\n",
    });
    assert.deepEqual(said, { code: 0, stdout: "", stderr: "" });
    const wrong = await run([promtool, "check", "metrics"], { stdin: "quorate_runs 1\n" });
    assert.notEqual(wrong.code, 0, "it would say so");
  });

  await t.step("it is taken away", async () => {
    const said = await type("Take it away");
    assert.match(said, /^--- \/etc\/systemd\/system\/quorate.service\n\+\+\+ \/dev\/null\n/);
    assert.deepEqual(await files(lab, MGMT), before);
    assert.equal(
      await lab.must(MGMT, "systemctl list-units --all --no-legend 'quorate*'; systemctl is-system-running"),
      "running",
    );
  });

  await t.step("the same with cron", async () => {
    const failed = await cron;
    if (failed !== undefined) throw failed;
  });
});

/** A management node of its own, with a cluster of its own: a full minute is waited for while the rest goes on. */
async function byCron(lab: Lab): Promise<void> {
  const on = (script: string): Promise<string> => lab.must(CRON, script, { timeoutMs: 120_000 });
  await on(`quorate apply -c ${SHELL_CONFIG}`);
  const before = await files(lab, CRON);
  await on("echo '# mine' >/etc/cron.d/quorate");
  const refused = await lab.on(CRON, `quorate schedule install --with cron -c ${SHELL_CONFIG}`);
  assert.match(refused.stderr, /^quorate: \/etc\/cron\.d\/quorate was not written by .* left alone/);
  assert.deepEqual([refused.code, await on("cat /etc/cron.d/quorate")], [1, "# mine"]);
  await on("rm /etc/cron.d/quorate");
  assert.match(
    await on(`quorate schedule install --with cron -c ${SHELL_CONFIG}`),
    /^\+\* \* \* \* \* root /m,
  );
  assert.equal(await on(`quorate schedule install --with cron -c ${SHELL_CONFIG}`), "");
  await fullDisk(lab);
  await on("systemctl start cron");
  await kill(lab, "n4");
  await up(lab, "n4", 90_000);
  let shown = "";
  await until("the run has ended and is told of", async () => {
    shown = (await lab.on(CRON, "quorate schedule show")).stdout;
    return /\n {2}last {4}\S+ \S+Z, exit code 0\n/.test(shown);
  });
  assert.match(shown, /^cron, every 60 s\n/);
  await on(
    "logrotate -s /mnt/status -f /etc/logrotate.d/quorate && cd /var/lib/quorate && ls journal.jsonl.1 && ! ls journal.jsonl",
  );
  await on("quorate schedule remove -q && systemctl stop cron");
  assert.deepEqual(await files(lab, CRON), before);
  assert.match(await on("quorate journal"), /converged .* restart n4$/m);
}

/** With a state directory in which nothing more fits, a run looks, says no and touches nothing; with room it repairs. */
async function fullDisk(lab: Lab): Promise<void> {
  const apply = `quorate apply --state /mnt/state -c ${SHELL_CONFIG}`;
  await lab.must(
    CRON,
    `mkdir -p /mnt/state && mount -t tmpfs -o size=64k,mode=700 none /mnt/state
    ! cat /dev/zero >/mnt/state/filler 2>/dev/null`,
  );
  await kill(lab, "n4");
  const full = await lab.on(CRON, apply);
  assert.equal(full.code, 3, full.stderr);
  assert.match(full.stderr, /refused by a safety rule\n {2}state {2}Cannot write \S+: no room is left/);
  assert.match(full.stderr, /the journal in \/mnt\/state could not be written/);
  assert.notEqual((await lab.on("n4", "systemctl is-active etcd")).code, 0, "nothing was touched");
  await lab.must(
    CRON,
    `rm /mnt/state/filler; mount -o remount,size=1m /mnt/state; ${apply}; umount /mnt/state`,
  );
  await up(lab, "n4");
}

/** What a schedule could leave behind. */
const files = async (lab: Lab, host: string): Promise<readonly string[]> =>
  (await lab.must(
    host,
    "find /etc/systemd /etc/cron* /etc/logrotate.d /etc/quorate* /var/spool /var/lib/systemd -xdev ! -type d",
  ))
    .split("\n")
    .sort();

const up = (lab: Lab, node: string, withinMs = 30_000): Promise<void> =>
  until(
    `etcd runs on ${node} again`,
    async () => (await lab.on(node, "systemctl is-active etcd")).code === 0,
    withinMs,
  );

async function kill(lab: Lab, node: string): Promise<void> {
  await lab.must(node, "systemctl kill -s KILL etcd");
  await until(
    `etcd is down on ${node}`,
    async () => (await lab.on(node, "systemctl is-active etcd")).code !== 0,
  );
}

/** The executable, a key, a config and a program that writes down what it is told, on both management nodes. */
async function prepare(lab: Lab, exe: string): Promise<void> {
  const nodes = lab.hosts.filter((h) => h.name !== MGMT && h.name !== CRON);
  // systemd itself would start again what is killed.
  const alone = "mkdir -p /etc/systemd/system/etcd.service.d; " +
    "printf '[Service]\\nRestart=no\\n' >/etc/systemd/system/etcd.service.d/alone.conf; systemctl daemon-reload";
  await Promise.all(nodes.map((n) => lab.must(n.name, alone)));
  const config = (members: readonly string[]) => ({
    version: 1,
    ssh: { user: "root" },
    nodes: Object.fromEntries(
      nodes.filter((n) => members.includes(n.name)).map((n) => [n.name, { host: n.address }]),
    ),
    services: { metadata: { plugin: "etcd", members, policy: { stabilize: "300ms", deadline: "2m" } } },
  });
  const signals = {
    metrics: { textfile: PROM },
    alerts: {
      webhook: `http://${lab.hosts[0]?.address.replace(/\d+$/, "1")}:8999/${SECRET}`,
      command: ["/usr/local/bin/notify", "/var/lib/quorate/told"],
    },
  };
  const program = await Deno.readFile(exe);
  for (const [host, text] of [[MGMT, { ...config(NODES), ...signals }], [CRON, config(["n4"])]] as const) {
    const copy = async (path: string, bytes: Uint8Array | string, mode: string): Promise<void> => {
      const script = 'mkdir -p "$(dirname "$1")"; cat >"$1"; chmod $2 "$1"';
      const quoted = `'${path.replaceAll("'", "'\\''")}'`;
      await lab.must(host, `set -- ${quoted} ${mode}; ${script}`, { stdin: bytes });
    };
    await copy("/usr/local/bin/quorate", program, "755");
    await copy("/usr/local/bin/notify", '#!/bin/sh\ncat >>"$1"\n', "755");
    await copy(CONFIG, stringify(text), "644");
    await copy("/root/.ssh/id_ed25519", await Deno.readFile(`${lab.dir}/id_ed25519`), "600");
    await copy("/root/.ssh/known_hosts", await Deno.readFile(`${lab.dir}/known_hosts`), "600");
    const folders = `${PROM.replace(/\/[^/]*$/, "")} /etc/cron.d /etc/logrotate.d`;
    await lab.must(host, `mkdir -p ${folders}; systemctl stop cron || :`);
  }
}

/** A receiver on the management side of the lab's network, to which a process of the host has a way. */
async function webhook(lab: Lab, told: Message[]): Promise<AsyncDisposable> {
  const script = `Deno.serve({ port: 8999, onListen: () => console.log("listening") }, async (request) => {
    console.log(JSON.stringify({ path: new URL(request.url).pathname, body: await request.json() }));
    return new Response();
  });`;
  const file = `${lab.dir}/webhook.ts`;
  await Deno.writeTextFile(file, script);
  const running = lab.spawn([Deno.execPath(), "run", "-q", "--no-check", "-N", file]);
  await running.says(/listening/);
  const timer = setInterval(() => {
    const lines = running.stdout().split("\n").slice(1, -1);
    for (const line of lines.slice(told.length)) {
      const { path, body } = JSON.parse(line);
      assert.equal(path, `/${SECRET}`);
      told.push(body);
    }
  }, 50);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running[Symbol.asyncDispose]();
    },
  };
}
