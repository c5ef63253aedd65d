/**
 * The plugin of examples/metad and its service, on real hosts: an author copies it, so all of it has to hold. What is
 * witnessed is asked of the service itself, without the tool.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type Lab, labUp, until } from "../../lab/mod.ts";

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const DATA = "/var/lib/metad/data";

async function install(lab: Lab): Promise<void> {
  const [program, unit] = ["metad", "metad.service"].map((name) =>
    Deno.readTextFileSync(path(`examples/metad/${name}`))
  );
  const script = `useradd --system metad
cat >/usr/local/bin/metad <<'PROGRAM'
${program}
PROGRAM
chmod 755 /usr/local/bin/metad
cat >/etc/systemd/system/metad.service <<'UNIT'
${unit}
UNIT
systemctl daemon-reload`;
  await Promise.all(lab.hosts.map((h) => lab.must(h.name, script)));
}

function config(lab: Lab, members: readonly string[]): string {
  const file = `${lab.dir}/quorate.yaml`;
  Deno.writeTextFileSync(
    file,
    stringify({
      version: 1,
      ssh: {
        user: "root",
        identityFiles: [`${lab.dir}/id_ed25519`],
        knownHosts: [`${lab.dir}/known_hosts`],
        connectTimeout: "3s",
      },
      nodes: Object.fromEntries(lab.hosts.map((h) => [h.name, { host: h.address }])),
      services: {
        directory: {
          plugin: path("examples/metad/metad.ts"),
          members,
          policy: { stabilize: "300ms", deadline: "2m" },
        },
      },
    }),
  );
  return file;
}

Deno.test("a plugin of one's own keeps its service from bootstrap to remove", async (t) => {
  await using lab = await labUp({ name: "metad", hosts: 5 });
  await install(lab);
  const quorate = (...args: string[]) =>
    lab.exec([
      Deno.execPath(),
      "run",
      "-q",
      "-A",
      "--no-check",
      path("src/main.ts"),
      ...args,
      "--state",
      `${lab.dir}/state`,
    ], { timeoutMs: 150_000 });
  const apply = async (...members: string[]): Promise<void> => {
    const { code, stdout, stderr } = await quorate("apply", "-v", "-c", config(lab, members));
    assert.equal(code, 0, `apply ended with ${code}:\n${stderr}\n${stdout}`);
    await mustBe(...members);
  };
  const ctl = async (host: string, command: string): Promise<string> => {
    const address = lab.hosts.find((h) => h.name === host)?.address;
    return (await lab.must(host, `metad ctl http://${address}:7400 ${command}`)).trim();
  };
  /** Exactly these, all started voters, each of which reads through a majority. */
  const mustBe = async (...hosts: string[]): Promise<void> => {
    for (const host of hosts) {
      const { members } = JSON.parse(await ctl(host, "members"));
      assert.deepEqual(
        members.map((m: { name: string; role: string }) => `${m.name} ${m.role}`).sort(),
        hosts.map((name) => `${name} voter`).sort(),
      );
    }
  };
  const idOn = async (host: string): Promise<string> => (await lab.must(host, `cat ${DATA}/identity`)).trim();

  await t.step("bootstrap", async () => {
    await apply("n1", "n2", "n3");
    await ctl("n1", "put greeting hello");
    const again = await quorate("apply", "-c", config(lab, ["n1", "n2", "n3"]));
    assert.deepEqual([again.code, again.stdout, again.stderr], [0, "", ""], "the second run is silent");
  });

  await t.step("add", async () => {
    await apply("n1", "n2", "n3", "n4");
    assert.match(await ctl("n4", "get greeting"), /"value": "hello"/);
  });

  await t.step("kill and repair", async () => {
    const before = await idOn("n2");
    await lab.must("n2", "systemctl kill -s KILL metad");
    await until(
      "metad is down on n2",
      async () => (await lab.on("n2", "systemctl is-active metad")).code !== 0,
    );
    await apply("n1", "n2", "n3", "n4");
    assert.equal(await idOn("n2"), before, "on its own data");
  });

  await t.step("lose the data and repair", async () => {
    const before = await idOn("n1");
    await lab.must("n1", `systemctl kill -s KILL metad; rm -rf ${DATA}/*`);
    await apply("n1", "n2", "n3", "n4");
    assert.notEqual(await idOn("n1"), before, "a new member in its place");
    assert.match(await ctl("n1", "get greeting"), /"value": "hello"/);
  });

  await t.step("replace", async () => {
    await apply("n1", "n2", "n5", "n4");
    await lab.must(
      "n3",
      `! systemctl is-active -q metad && ! systemctl start metad && ls -d ${DATA}.quorate-*`,
    );
    assert.match(await ctl("n5", "get greeting"), /"value": "hello"/);
  });

  await t.step("remove", async () => {
    await apply("n1", "n2", "n5");
    await lab.must("n4", `! systemctl is-active -q metad && ls -d ${DATA}.quorate-*`);
    await ctl("n5", "put greeting bye");
    assert.match(await ctl("n2", "get greeting"), /"value": "bye"/);
  });
});
