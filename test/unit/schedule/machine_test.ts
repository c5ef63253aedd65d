import assert from "node:assert/strict";
import { differs, find, kindOf, type Machine, put } from "../../../src/schedule/machine.ts";
import { runsOf } from "../../../src/schedule/runs.ts";
import type { Schedule } from "../../../src/schedule/schedule.ts";
import { cronFile } from "../../../src/schedule/cron.ts";
import { logrotate } from "../../../src/schedule/logrotate.ts";
import { units } from "../../../src/schedule/systemd.ts";

const schedule: Schedule = {
  program: ["/usr/local/bin/quorate"],
  config: "/etc/quorate/quorate.yaml",
  state: "/var/lib/quorate",
  everyMs: 60_000,
  limitMs: 900_000,
  unpacks: true,
  writes: [],
};
const timer = [...units(schedule), logrotate(schedule)];
const cron = [cronFile(schedule)].flatMap((file) => typeof file === "string" ? [] : [file]);

/** A machine in a folder, with a log of what it was told to run. */
async function onMachine(test: (machine: Machine, told: string[]) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  const told: string[] = [];
  try {
    for (const folder of ["etc/systemd/system", "etc/cron.d", "etc/logrotate.d"]) {
      await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    }
    const machine = { root, sh: (line: string) => Promise.resolve(void told.push(line)).then(() => "") };
    await test(machine, told);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
const files = (root: string, folder = ""): readonly string[] =>
  [...Deno.readDirSync(root + folder)].flatMap((e) =>
    e.isDirectory ? files(root, `${folder}/${e.name}`) : [`${folder}/${e.name}`]
  ).sort();

Deno.test("what is put is there; to put it again changes no file, and tells systemd what a killed install may not have", () =>
  onMachine(async (machine, told) => {
    await put(machine, find(machine, timer));
    assert.deepEqual(files(machine.root), timer.map((one) => one.path).sort());
    assert.ok(!find(machine, timer).some(differs));
    const all = [
      "systemctl daemon-reload",
      "systemctl enable --quiet quorate.timer",
      "systemctl restart quorate.timer",
    ];
    assert.deepEqual(told.splice(0), all);
    await put(machine, find(machine, timer));
    assert.deepEqual(told, all);
  }));

Deno.test("what is taken away leaves nothing, and nothing of others is touched", () =>
  onMachine(async (machine, told) => {
    const others = { "/etc/cron.d/backup": "# mine\n", "/etc/systemd/system/etcd.service": "[Unit]\n" };
    for (const [path, text] of Object.entries(others)) await Deno.writeTextFile(machine.root + path, text);
    await put(machine, find(machine, timer));
    told.length = 0;
    await put(machine, find(machine, []));
    assert.deepEqual(files(machine.root), Object.keys(others));
    assert.equal(told[0], "systemctl disable --quiet --now quorate.timer", "before its file goes");
    assert.match(told[1] ?? "", /is-active quorate.service/);
    assert.equal(told[2], "systemctl daemon-reload");
  }));

Deno.test("a file of the same name that somebody else wrote is neither ours nor removed", () =>
  onMachine(async (machine, told) => {
    const path = `${machine.root}/etc/cron.d/quorate`;
    await Deno.writeTextFile(path, "* * * * * root quorate apply\n");
    const [found] = find(machine, cron).filter((one) => one.wanted !== undefined);
    assert.deepEqual([found?.ours, found?.text], [false, "* * * * * root quorate apply\n"]);
    assert.equal(kindOf(find(machine, [])), undefined);
    await put(machine, find(machine, []));
    assert.equal(await Deno.readTextFile(path), "* * * * * root quorate apply\n");
    assert.deepEqual(told, []);
  }));

Deno.test("cron in place of systemd, and back, leaves only one of them", () =>
  onMachine(async (machine, told) => {
    await put(machine, find(machine, timer));
    await put(machine, find(machine, cron));
    assert.deepEqual(files(machine.root), ["/etc/cron.d/quorate"]);
    assert.equal(kindOf(find(machine, cron)), "cron");
    assert.ok(told.includes("systemctl disable --quiet --now quorate.timer"));
    await put(machine, find(machine, timer));
    assert.deepEqual(files(machine.root), timer.map((one) => one.path).sort());
    assert.equal(kindOf(find(machine, timer)), "systemd");
  }));

const NOW = new Date("2026-11-27T08:30:20Z");

Deno.test("systemd tells when it runs next, and how the last run ended", async () => {
  const said = (state: string, next: string): Machine => ({
    root: "",
    sh: (line) =>
      Promise.resolve(
        line.endsWith("quorate.service")
          ? `Result=exit-code\nExecMainExitTimestamp=Fri 2026-11-27 08:30:01 UTC\nExecMainStatus=3\nActiveState=${state}\n`
          : line.endsWith("quorate.timer")
          ? `ActiveState=active\nNextElapseUSecMonotonic=${next}\n`
          : "1000.25 3900.00\n",
      ),
  });
  assert.deepEqual(await runsOf(said("failed", "17min 20.250000s"), "systemd", schedule, NOW), {
    next: "2026-11-27 08:31:00Z, in 40 s",
    last: "Fri 2026-11-27 08:30:01 UTC, exit code 3 (exit-code)",
  });
  assert.equal((await runsOf(said("activating", "infinity"), "systemd", schedule, NOW)).next, "it runs now");
});

Deno.test("of cron's runs the lock's file tells", () =>
  onMachine(async (machine) => {
    const next = "2026-11-27 08:31:00Z, in 40 s";
    assert.deepEqual(await runsOf(machine, "cron", schedule, NOW), { next, last: "none yet" });
    const locks = `${machine.root}/var/lib/quorate/locks`;
    await Deno.mkdir(locks, { recursive: true });
    await Deno.writeTextFile(`${locks}/.schedule`, "5\n");
    await Deno.utime(`${locks}/.schedule`, NOW, new Date("2026-11-27T08:30:03Z"));
    assert.deepEqual(await runsOf(machine, "cron", schedule, NOW), {
      next,
      last: "2026-11-27 08:30:03Z, exit code 5",
    });
    const late = new Date("2026-11-27T08:33:04Z");
    const old = "2026-11-27 08:30:03Z, exit code 5: more than three intervals ago";
    assert.ok((await runsOf(machine, "cron", schedule, late)).last.startsWith(old));
  }));

Deno.test("who is not root is told that cron's last run is for root to read", async () => {
  const read = Deno.readTextFileSync;
  Deno.readTextFileSync = () => {
    throw new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  };
  try {
    const { last } = await runsOf({ root: "", sh: () => Promise.resolve("") }, "cron", schedule, NOW);
    assert.equal(last, "not known: only root may read it");
  } finally {
    Deno.readTextFileSync = read;
  }
});
