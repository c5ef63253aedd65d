/**
 * The self-extracting file as it is given away: first starts, later ones, many at once, damaged ones.
 */
import assert from "node:assert/strict";
import { build, builds, listed, mustRefuse, type Ran, run, scratch, type Start } from "./kit.ts";

const folder = scratch();
const exe = await build(folder);
const VERSION = /^quorate \d+\.\d+\.\d+ \(commit test, Deno 2\.9\.5, self-extracting\)\n$/;

let count = 0;
const fresh = (): string => `${folder}/cache-${++count}`;
const start = (cache: string, more: Start = {}, file = exe): Promise<Ran> =>
  run(file, { ...more, args: more.args ?? ["--version"], env: { QUORATE_CACHE: cache, ...more.env } });

function mustWork({ code, out, err }: Ran): void {
  assert.deepEqual([code, err], [0, ""]);
  assert.match(out, VERSION);
}

const cache = fresh();

Deno.test("the first start unpacks, and the next ones start no other program", async () => {
  mustWork(await start(cache));
  assert.equal(builds(cache)?.length, 1);
  // Whatever a shell would have to find is not there any more.
  mustWork(await start(cache, { env: { PATH: "/nowhere" } }));
});

Deno.test("it is found by a relative path, through a link, and by PATH", async () => {
  mustWork(await run("./quorate", { args: ["--version"], cwd: folder, env: { QUORATE_CACHE: cache } }));
  const bin = `${folder}/bin`;
  Deno.mkdirSync(bin);
  Deno.symlinkSync("../quorate", `${bin}/quorate`);
  const env = { QUORATE_CACHE: cache, PATH: `${bin}:/usr/bin:/bin` };
  mustWork(await run("sh", { args: ["-c", "quorate --version"], env }));
  const cold = { QUORATE_CACHE: fresh(), PATH: `${bin}:/usr/bin:/bin` };
  mustWork(await run("sh", { args: ["-c", "cd /; quorate --version"], env: cold }));
});

Deno.test("arguments arrive as they were typed", async () => {
  const { code, err } = await start(cache, { args: ["validate", "-c", "/no such/*/$HOME 'x'"] });
  assert.equal(code, 78);
  assert.ok(err.includes("/no such/*/$HOME 'x'"), err);
});

Deno.test("the process has few permissions, is told where its file is, and keeps the umask", async () => {
  const config = `${folder}/quorate.yaml`;
  const made = await run("sh", {
    args: ["-c", `umask 022; exec ${exe} init ${config}`],
    env: { QUORATE_CACHE: fresh() },
  });
  assert.equal(made.code, 0, made.err);
  assert.equal((Deno.statSync(config).mode ?? 0) & 0o777, 0o644);

  const child = new Deno.Command(exe, {
    args: ["simulate", "-c", config, "--seeds", "1000000"],
    env: { QUORATE_CACHE: cache, NODE_OPTIONS: "--no-such-option" },
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const read = (name: string) => Deno.readTextFileSync(`/proc/${child.pid}/${name}`).split("\0");
    let line = read("cmdline");
    for (const until = performance.now() + 20_000; !line[0]?.endsWith("/deno");) {
      assert.ok(performance.now() < until, `still ${line.join(" ")}`);
      await new Promise((r) => setTimeout(r, 10));
      line = read("cmdline");
    }
    const allowed = line.filter((word) => /^--allow|^-A/.test(word)).map((word) => word.split("=")[0]);
    const few = ["read", "write", "net", "run", "sys", "env"].map((name) => `--allow-${name}`);
    assert.deepEqual(allowed.toSorted(), few.toSorted());
    for (const limited of ["run", "sys", "env"]) {
      assert.ok(line.some((word) => word.startsWith(`--allow-${limited}=`)), limited);
    }
    const environment = read("environ");
    assert.ok(environment.includes(`QUORATE_EXE=${exe}`), "QUORATE_EXE");
    assert.ok(!environment.some((one) => one.startsWith("NODE_OPTIONS=")), "NODE_OPTIONS");
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("a command that is not to write cannot, and says who tried", async () => {
  const dir = Deno.makeTempDirSync({ dir: folder });
  const config = `${dir}/quorate.yaml`;
  const written = `${dir}/written`;
  await start(cache, { args: ["init", config] });
  const sample = Deno.readTextFileSync(config);
  Deno.writeTextFileSync(config, sample.replace("    plugin: etcd\n", "$&    playbook: ./playbook.ts\n"));
  Deno.writeTextFileSync(
    `${dir}/playbook.ts`,
    `import { etcdPlaybook } from "quorate/plugins/etcd";
Deno.writeTextFileSync(${JSON.stringify(written)}, "");
export default etcdPlaybook;
`,
  );
  Deno.chmodSync(`${dir}/playbook.ts`, 0o644);
  const { code, err } = await start(cache, { args: ["explain", "add", "-c", config] });
  assert.equal(code, 78);
  assert.match(err, /playbook\.ts:2:6: error: NotCapable: Requires write access/);
  assert.equal(listed(dir)?.includes("written"), false);
});

Deno.test("a folder that was opened to others since is told, and nothing is done", async () => {
  const cache = fresh();
  mustWork(await start(cache));
  Deno.chmodSync(cache, 0o777);
  mustRefuse(
    await start(cache, { args: ["schema"] }),
    /^quorate: \S+ can be written by everybody: what lies there is not started: chmod go-w \S+\n$/,
  );
});

Deno.test("twelve first starts at once all work, and leave one build", async () => {
  const cache = fresh();
  for (const ran of await Promise.all(Array.from({ length: 12 }, () => start(cache)))) mustWork(ran);
  assert.equal(builds(cache)?.length, 1);
});

Deno.test("a damaged file says so, and unpacks nothing", async (t) => {
  const whole = Deno.readFileSync(exe);
  const begin = Number(
    /^size=\d+ begin=(\d+) /m.exec(new TextDecoder().decode(whole.subarray(0, 16_384)))?.[1],
  );
  const damaged = async (name: string, bytes: Uint8Array, said: RegExp) =>
    await t.step(name, async () => {
      const path = `${folder}/damaged`, cache = fresh();
      Deno.writeFileSync(path, bytes, { mode: 0o755 });
      mustRefuse(
        await start(cache, {}, path),
        said,
        /\nquorate: copy it again, and check the copy: sha256sum -c SHA256SUMS\n$/,
      );
      assert.equal(listed(cache), undefined);
      Deno.removeSync(path);
    });
  const flipped = (at: number): Uint8Array => {
    const bytes = whole.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  const content = /^quorate: .* is damaged: its content is not what was built\n/;
  await damaged(
    "cut off",
    whole.subarray(0, whole.length - 1),
    /is damaged: it has \d+ bytes, and was built with \d+\n/,
  );
  await damaged("cut off early", whole.subarray(0, begin), /is damaged: it has \d+ bytes/);
  await damaged("a bit of the code", flipped(begin + 1000), content);
  await damaged("a bit of the runtime", flipped(whole.length - 1_000_000), content);
});
