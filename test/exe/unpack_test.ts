/**
 * Where the self-extracting file unpacks itself, when it does not, and what it says then.
 */
import assert from "node:assert/strict";
import { apart, buildLight, builds, listed, mustRefuse, type Ran, run, scratch, type Start } from "./kit.ts";

const folder = scratch();
const exe = await buildLight(folder);
const STARTED = /^started: run \S.* \S+\/main\.js --version\n$/;

let count = 0;
const fresh = (): string => `${folder}/cache-${++count}`;
const start = (cache: string, more: Start = {}, file = exe): Promise<Ran> =>
  run(file, { args: ["--version"], env: { QUORATE_CACHE: cache, ...more.env } });

function mustWork({ code, out, err }: Ran): void {
  assert.deepEqual([code, err], [0, ""]);
  assert.match(out, STARTED);
}

Deno.test("without flock, first starts at once work as well", async () => {
  const cache = fresh(), bin = `${folder}/no-flock`;
  Deno.mkdirSync(bin);
  const needed = "chmod find gzip head mkdir mktemp mv rm sha256sum stat sync tail tar uname wc";
  for (const name of needed.split(" ")) {
    const { out } = await run("sh", { args: ["-c", `command -v ${name}`] });
    Deno.symlinkSync(out.trim(), `${bin}/${name}`);
  }
  const ran = await Promise.all(Array.from({ length: 3 }, () => start(cache, { env: { PATH: bin } })));
  for (const one of ran) mustWork(one);
  assert.equal(builds(cache)?.length, 1);

  Deno.removeSync(`${bin}/tar`);
  mustRefuse(await start(fresh(), { env: { PATH: bin } }), /^quorate: install tar here: /);
});

Deno.test("a file for another machine or another libc says so", async () => {
  const other = await buildLight(Deno.makeTempDirSync({ dir: folder }), { uname: "s390x" });
  mustRefuse(await start(fresh(), {}, other), /^quorate: this file is for s390x, and this machine is /);
  const musl = await buildLight(Deno.makeTempDirSync({ dir: folder }), { loader: "/lib/ld-none.so.1" });
  mustRefuse(await start(fresh(), {}, musl), /there is no \/lib\/ld-none\.so\.1 here: .*glibc/, /musl/);
});

Deno.test("a folder that is not one's own is refused, unpacked or not", async (t) => {
  const refused = async (name: string, prepare: (cache: string) => void | Promise<void>, said: RegExp) =>
    await t.step(name, async () => {
      for (const before of ["nothing", "this build"]) {
        const cache = fresh();
        if (before === "nothing") Deno.mkdirSync(cache);
        else mustWork(await start(cache));
        await prepare(cache);
        mustRefuse(await start(cache), said, /\nquorate: make one that is yours alone, .* QUORATE_CACHE\n$/);
      }
    });
  await refused(
    "of another user",
    (c) => Deno.chownSync(c, 61234, 61234),
    /belongs to another user, or is a link/,
  );
  await refused("a link", (c) => {
    Deno.renameSync(c, `${c}-real`);
    Deno.symlinkSync(`${c}-real`, c);
  }, /belongs to another user, or is a link/);
  await t.step("writable by others", async () => {
    const cache = fresh();
    Deno.mkdirSync(cache);
    Deno.chmodSync(cache, 0o777);
    mustRefuse(await start(cache), /others may write there: chmod go-w '.*'\n/);
  });
  await t.step("a planted build", async () => {
    const cache = fresh();
    mustWork(await start(cache));
    const [name = ""] = builds(cache) ?? [];
    Deno.chownSync(`${cache}/${name}`, 61234, 61234);
    // It is put out of the way, and unpacked anew.
    mustWork(await start(cache));
    assert.equal(Deno.statSync(`${cache}/${name}`).uid, Deno.uid());
  });
});

const AS = `
  mkdir /var/tmp/home; chown 61234 /var/tmp/home
  run() { as 61234 env -u QUORATE_CACHE HOME=/var/tmp/home "$EXE" --version; }`;

Deno.test("a folder that will not do is passed over, and said once", async (t) => {
  const passed = async (name: string, script: string, said: RegExp, where: string) =>
    await t.step(name, async () => {
      const { code, out, err } = await apart(`${AS}\n${script}\nrun; run; ls -d ${where}/0.0.0-test-*`, {
        EXE: exe,
      });
      assert.equal(code, 0, err);
      assert.match(out, new RegExp(`${STARTED.source.slice(1, -1)}started: .*\n${where}/`));
      assert.match(err, said);
      assert.equal(err.split("\n").filter((line) => line.startsWith("quorate: ")).length, 1, err);
    });
  const next = "/var/tmp/quorate-61234";
  const because = (reason: string) =>
    new RegExp(
      `^quorate: unpacked into ${next}, because of\n  /var/tmp/home/.cache/quorate: .*${reason}`,
      "i",
    );
  await passed(
    "a read-only home",
    "mount -t tmpfs -o ro,uid=61234 none /var/tmp/home",
    because("read-only file system"),
    next,
  );
  await passed(
    "a cache mounted noexec",
    "mkdir /var/tmp/home/.cache; mount -t tmpfs -o noexec,uid=61234 none /var/tmp/home/.cache",
    because("mounted noexec"),
    next,
  );
  await passed(
    "a cache that is full",
    "mkdir /var/tmp/home/.cache; mount -t tmpfs -o size=200k,uid=61234 none /var/tmp/home/.cache",
    because("no room for 110 MB"),
    next,
  );
  await passed(
    "a folder that somebody planted",
    `rm -r /var/tmp/home; mkdir -m 755 ${next}; trap 'rm -rf /tmp/quorate-61234' EXIT`,
    new RegExp(`${next}: it belongs to another user, or is a link`),
    "/tmp/quorate-61234",
  );
});

Deno.test("root's own folder is /var/cache/quorate, and another user's home is none for root", async () => {
  const script = `${AS}
    HOME=/var/tmp/home "$EXE" --version; ls -d /var/cache/quorate/0.0.0-test-*; ls -A /var/tmp/home
    umount /var/cache; mount -t tmpfs -o ro none /var/cache
    HOME=/var/tmp/home "$EXE" --version; ls -d /var/tmp/quorate-0/0.0.0-test-*; ls -A /var/tmp/home`;
  const { code, out, err } = await apart(script, { EXE: exe });
  assert.equal(code, 0, err);
  const one = `${STARTED.source.slice(1, -1)}`;
  assert.match(out, new RegExp(`^${one}/var/cache/quorate/\\S+\n${one}/var/tmp/quorate-0/\\S+\n$`));
});

Deno.test("where no folder will do, each is told, and what to do", async () => {
  const script = `mount -t tmpfs -o ro none /var/tmp
    unset QUORATE_CACHE; mount -t tmpfs -o ro none /var/cache; mount --bind /var/tmp /tmp 2>/dev/null
    "$EXE" --version`;
  // /tmp goes, and what lies there with it: the file has to lie elsewhere.
  const elsewhere = Deno.makeTempDirSync({ dir: "/run", prefix: "quorate-exe-" });
  try {
    Deno.copyFileSync(exe, `${elsewhere}/quorate`);
    mustRefuse(
      await apart(script, { EXE: `${elsewhere}/quorate` }),
      /^quorate: there is no folder that it can be unpacked into:\n/,
      /\n {2}\/var\/cache\/quorate: .*Read-only file system\n/,
      /\n {2}\/var\/tmp\/quorate-0: .*Read-only file system\n/,
      /\n {2}\/tmp\/quorate-0: .*Read-only file system\n/,
      /\nquorate: make one that is yours alone, with 110 MB of room and not mounted noexec, and name it in QUORATE_CACHE\n$/,
    );
  } finally {
    Deno.removeSync(elsewhere, { recursive: true });
  }
});

Deno.test("a build that has lost a file is unpacked anew", async () => {
  const cache = fresh();
  mustWork(await start(cache));
  const [name = ""] = builds(cache) ?? [];
  const piece = listed(`${cache}/${name}`)?.find((one) => one.startsWith("simulate-")) ?? "none";
  Deno.removeSync(`${cache}/${name}/${piece}`);
  mustWork(await start(cache));
  assert.ok(Deno.statSync(`${cache}/${name}/${piece}`).isFile);
});

Deno.test("unpacking takes away builds that nobody has started for a week, and nothing else", async () => {
  const cache = fresh();
  const days = (n: number): Date => new Date(Date.now() - n * 86_400_000);
  for (const [name, age] of [["0.0.1-old", 8], ["0.0.2-young", 6], ["part.killed", 1]] as const) {
    Deno.mkdirSync(`${cache}/${name}`, { recursive: true });
    Deno.writeTextFileSync(`${cache}/${name}/quorate-last-start`, "");
    Deno.utimeSync(`${cache}/${name}/quorate-last-start`, days(age), days(age));
    Deno.utimeSync(`${cache}/${name}`, days(age), days(age));
  }
  Deno.mkdirSync(`${cache}/others`);
  Deno.utimeSync(`${cache}/others`, days(99), days(99));
  Deno.chmodSync(cache, 0o700);
  mustWork(await start(cache));
  const left = builds(cache) ?? [];
  assert.deepEqual(left.slice(1), ["0.0.2-young", "others"]);
  assert.match(left[0] ?? "", /^0\.0\.0-test-/);
  // A start is what keeps a build.
  const used = `${cache}/${left[0]}/quorate-last-start`;
  Deno.utimeSync(used, days(30), days(30));
  mustWork(await start(cache));
  assert.ok((Deno.statSync(used).mtime ?? days(30)) > days(1));
});
