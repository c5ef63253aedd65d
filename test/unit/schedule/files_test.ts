/** What `quorate schedule` writes: read by the very programs that it is for, where they are here. */
import assert from "node:assert/strict";
import { command, CRON_FILE, cronFile, lastRun } from "../../../src/schedule/cron.ts";
import { logrotate } from "../../../src/schedule/logrotate.ts";
import { spanMs } from "../../../src/schedule/runs.ts";
import { askedIn, flawOf, isOurs, jitterS, type Schedule } from "../../../src/schedule/schedule.ts";
import { units } from "../../../src/schedule/systemd.ts";

const usual: Schedule = {
  program: ["/usr/local/bin/quorate"],
  config: "/etc/quorate/quorate.yaml",
  state: "/var/lib/quorate",
  everyMs: 60_000,
  limitMs: 900_000,
  unpacks: true,
  writes: [],
};
const odd: Schedule = {
  ...usual,
  program: ["/opt/my 50% $HOME tools/quorate"],
  config: "/etc/quorate/it's 100%/$1 quorate.yaml",
  state: "/srv/quorate state 5%",
  cache: "/srv/cache %h",
  writes: ["/srv/back up %n"],
};

/** A folder for a test, of which nothing stays. */
async function inDir(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

Deno.test("every file says whose it is, and what it was asked to be", () => {
  const cron = cronFile(usual);
  assert.ok(typeof cron !== "string");
  for (const { text } of [...units(usual), cron, logrotate(usual)]) {
    assert.ok(isOurs(text));
    assert.deepEqual(askedIn(text), { config: usual.config, state: usual.state, everyMs: 60_000 });
  }
  assert.equal(askedIn(logrotate(odd).text)?.cache, odd.cache, "of who installed it");
  assert.ok(!isOurs("[Unit]\nDescription=Quorate\n"));
  assert.equal(askedIn("# Made\n# {"), undefined);
});

Deno.test("the service has what it needs to write to, and no more", () => {
  const [service] = units(usual);
  assert.match(service?.text ?? "", /^ExecStart=\/usr\/local\/bin\/quorate apply --config \S+ --state \S+$/m);
  assert.match(
    service?.text ?? "",
    /^StateDirectory=quorate\nStateDirectoryMode=0700\nCacheDirectory=quorate\n/m,
  );
  assert.doesNotMatch(service?.text ?? "", /ReadWritePaths|MemoryDenyWriteExecute/);
  const [other] = units(odd);
  assert.doesNotMatch(other?.text ?? "", /StateDirectory|CacheDirectory/);
  assert.match(other?.text ?? "", /^Environment="QUORATE_CACHE=\/srv\/cache %%h"$/m);
  for (const folder of ["/srv/quorate state 5%%", "-/srv/back up %%n", "-/srv/cache %%h"]) {
    assert.ok(other?.text.includes(`\nReadWritePaths="${folder}"\n`), folder);
  }
});

Deno.test("systemd finds nothing wrong with the units, blanks and percent signs included", () =>
  inDir(async (dir) => {
    const program = `${dir}/my 50% $HOME quorate`;
    await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
    for (const { path, text } of units({ ...odd, program: [program] })) {
      await Deno.writeTextFile(`${dir}/${path.split("/").at(-1)}`, text);
    }
    const { code, stderr } = await new Deno.Command("systemd-analyze", {
      args: [
        "verify",
        "--man=no",
        "--recursive-errors=one",
        `${dir}/quorate.timer`,
        `${dir}/quorate.service`,
      ],
    }).output();
    assert.deepEqual([code, text(stderr)], [0, ""]);
  }));

Deno.test("cron counts in what divides an hour or a day, and says so of anything else", () => {
  const times = (everyMs: number): string => {
    const file = cronFile({ ...usual, everyMs });
    return typeof file === "string" ? file : /^([^ #=\n]+ \S+ \S+ \S+ \S+) root /m.exec(file.text)?.[1] ?? "";
  };
  assert.equal(times(60_000), "* * * * *");
  assert.equal(times(300_000), "*/5 * * * *");
  assert.equal(times(3_600_000), "0 * * * *");
  assert.equal(times(6 * 3_600_000), "0 */6 * * *");
  for (const ms of [1000, 90_000, 7 * 60_000, 5 * 3_600_000]) assert.match(times(ms), /whole minutes/);
});

Deno.test("a percent sign of a path is not cron's, and a line that cron would cut off is refused", () => {
  const file = cronFile(odd);
  assert.ok(typeof file !== "string" && file.path === CRON_FILE);
  const line = file.text.trim().split("\n").at(-1) ?? "";
  assert.equal(line.replaceAll("\\%", "").includes("%"), false);
  assert.ok(line.replaceAll("\\%", "%").endsWith(command(odd)), "and it is the command that the tests run");
  assert.match(String(cronFile({ ...usual, config: `/etc/${"x".repeat(900)}` })), /more than cron reads/);
});

/** Runs the command of cron's line in a shell, with a program that tells what it was given. */
const ran = (dir: string, schedule: Schedule, script: string) =>
  inTools(dir, schedule, script).then((env) =>
    new Deno.Command("/bin/sh", { args: ["-c", command(schedule)], clearEnv: true, env }).output()
  );
async function inTools(dir: string, schedule: Schedule, script: string) {
  const [program = ""] = schedule.program;
  await Deno.writeTextFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await Deno.mkdir(`${dir}/bin`, { recursive: true });
  await Deno.writeTextFile(`${dir}/bin/logger`, `#!/bin/sh\necho "$*" >>'${dir}/log'; cat >>'${dir}/log'\n`, {
    mode: 0o755,
  });
  return { PATH: `${dir}/bin:/usr/bin:/bin` };
}
const at = (dir: string): Schedule => ({
  ...odd,
  everyMs: 1000,
  program: [`${dir}/it's 50% $HOME quorate`],
  state: `${dir}/state 5%`,
});

Deno.test("cron's line runs the program with its words whole, silently, and keeps its exit code", () =>
  inDir(async (dir) => {
    const schedule = at(dir);
    const { code, stdout, stderr } = await ran(dir, schedule, 'printf "<%s>" "$@"; echo oops >&2; exit 3');
    assert.deepEqual([code, text(stdout), text(stderr)], [0, "", ""]);
    const words = ["apply", "--config", schedule.config, "--state", schedule.state];
    assert.equal(
      await Deno.readTextFile(`${dir}/log`),
      `-t quorate\n${words.map((w) => `<${w}>`).join("")}oops\n`,
    );
    assert.equal(await Deno.readTextFile(lastRun(schedule.state)), "3\n");
    assert.equal(((await Deno.stat(schedule.state)).mode ?? 0) & 0o777, 0o700);
  }));

Deno.test("cron's line does not start a second run while one is at work", () =>
  inDir(async (dir) => {
    const schedule = at(dir);
    await Deno.mkdir(`${schedule.state}/locks`, { recursive: true });
    using held = await Deno.open(lastRun(schedule.state), { write: true, create: true });
    await held.lock(true);
    await held.write(new TextEncoder().encode("5\n"));
    const busy = await ran(dir, schedule, `touch '${dir}/started'`);
    assert.deepEqual([busy.code, text(busy.stdout), text(busy.stderr)], [0, "", ""]);
    await assert.rejects(Deno.stat(`${dir}/started`), Deno.errors.NotFound);
    assert.equal(await Deno.readTextFile(lastRun(schedule.state)), "5\n", "what it tells stays");
    await held.unlock();
    assert.equal((await ran(dir, schedule, "exit 0")).code, 0);
    assert.equal(await Deno.readTextFile(lastRun(schedule.state)), "0\n");
  }));

Deno.test("what a run leaves in the background does not keep cron's lock", () =>
  inDir(async (dir) => {
    const schedule = at(dir);
    await ran(dir, schedule, `sleep 600 >/dev/null 2>&1 & echo $! >'${dir}/left'`);
    try {
      await ran(dir, schedule, "exit 7");
      assert.equal(await Deno.readTextFile(lastRun(schedule.state)), "7\n");
    } finally {
      Deno.kill(Number(await Deno.readTextFile(`${dir}/left`)), "SIGKILL");
    }
  }));

Deno.test("cron's runs begin up to a tenth of the interval later", () => {
  assert.equal(jitterS(usual), 6);
  assert.match(command(usual), /sleep \$\(\(\$\(od -An -N2 -tu2 \/dev\/urandom\)\*6\/65536\)\); /);
  assert.doesNotMatch(command({ ...usual, everyMs: 1000 }), /sleep/);
});

Deno.test("what neither can write is refused, and so is a timer on what lies in a temporary folder", () => {
  assert.equal(flawOf(usual, "systemd"), undefined);
  assert.equal(flawOf(odd, "cron"), undefined);
  for (const bad of ['/etc/"q".yaml', "/etc/a\\b.yaml", "/etc/a\nb.yaml"]) {
    assert.match(flawOf({ ...usual, config: bad }, "cron") ?? "", /cannot be written/, bad);
  }
  assert.match(flawOf({ ...usual, config: "/tmp/q.yaml" }, "systemd") ?? "", /temporary folder/);
  assert.equal(flawOf({ ...usual, config: "/tmp/q.yaml" }, "cron"), undefined);
  // What is written there, a unit with a /tmp of its own would lose.
  for (
    const lost of [{ writes: ["/srv/backup", "/var/tmp"] }, { writes: ["/tmp"] }, { cache: "/tmp/q" }]
  ) {
    assert.match(flawOf({ ...usual, ...lost }, "systemd") ?? "", /temporary folder/, JSON.stringify(lost));
  }
  assert.equal(flawOf({ ...usual, writes: ["/tmpfs/backup", "/srv/tmp"] }, "systemd"), undefined);
});

Deno.test("a span is read as systemd prints it", () => {
  assert.equal(spanMs("1h 2min 3.5s"), 3_723_500);
  assert.equal(spanMs("250ms"), 250);
  for (const none of ["infinity", "", "soon"]) assert.equal(spanMs(none), undefined, none);
});
