import assert from "node:assert/strict";
import { join } from "node:path";
import { fileJournal, recorder } from "../../../src/engine/journal.ts";
import { followJournal, readJournal } from "../../../src/engine/journal_read.ts";
import type { Event, Happening } from "../../../src/model/event.ts";
import { StateError } from "../../../src/engine/state_error.ts";
import { events, runs } from "../report/samples.ts";

async function inDir(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
const run = (id: string, service: string, happenings: readonly Happening[]): readonly Event[] =>
  events(service, happenings).map((e) => ({ ...e, run: id }));
const recorded = (happenings: readonly Happening[]): readonly string[] => {
  const lines: string[] = [];
  events("metadata", happenings).forEach(recorder({ append: (e) => lines.push(e.event) }));
  return lines;
};
const file = (dir: string): string => join(dir, "journal.jsonl");

Deno.test("a run with nothing to do leaves no line", () => {
  assert.deepEqual(recorded(runs.steady), []);
  assert.deepEqual(recorded(runs.yielded), []);
});

Deno.test("a run that changes, refuses or fails is written from its start", () => {
  for (const name of ["converged", "failed", "refused", "quorumLost", "unfinished"] as const) {
    assert.equal(recorded(runs[name])[0], "runStarted", name);
    assert.equal(recorded(runs[name]).at(-1), "runEnded", name);
  }
});

Deno.test("a change is written as it happens, so that a run which is killed leaves what it did", () => {
  assert.deepEqual(recorded(runs.converged.slice(0, 5)).at(-1), "stepStarted");
});

Deno.test("looks that saw no news are left out", () => {
  const [started, observed, ...rest] = runs.refused;
  const many = [started, observed, { ...observed, ms: 9 }, { ...observed, ms: 7 }, ...rest];
  assert.equal(recorded(many).filter((e) => e === "observed").length, 1);
});

Deno.test("what was written is read back, the oldest run first", () =>
  inDir(async (dir) => {
    const journal = fileJournal(dir);
    const written = [
      run("r1", "a", runs.failed),
      run("r2", "a", runs.refused),
      run("r2", "b", runs.converged),
    ];
    written.flat().forEach((e) => journal.append(e));
    const { runs: read, damaged } = await readJournal(dir, { runs: 10 });
    assert.deepEqual(damaged, []);
    assert.deepEqual(read.map((r) => r.events), written);
    const one = await readJournal(dir, { runs: 1, service: "a" });
    assert.deepEqual(one.runs.map((r) => r.run), ["r2"]);
    assert.equal(((await Deno.stat(file(dir))).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("no journal is an empty one", () =>
  inDir(async (dir) => {
    assert.deepEqual(await readJournal(join(dir, "none"), { runs: 3 }), { runs: [], damaged: [] });
  }));

Deno.test("a state directory that is a file, or a journal that is a folder, is no defect: it says which path", () =>
  inDir(async (dir) => {
    const state = join(dir, "state");
    await Deno.writeTextFile(state, "");
    const asFile = new StateError(`Cannot read the journal ${file(state)}: a part of the path is no folder`);
    await assert.rejects(readJournal(state, { runs: 1 }), asFile);
    await Deno.mkdir(file(dir));
    const asFolder = new StateError(`Cannot read the journal ${file(dir)}: it is a folder`);
    await assert.rejects(readJournal(dir, { runs: 1 }), asFolder);
  }));

Deno.test("a damaged line is skipped and named, and does not swallow the one after it", () =>
  inDir(async (dir) => {
    const journal = fileJournal(dir);
    const [first, second] = run("r1", "a", runs.refused);
    assert.ok(first && second);
    journal.append(first);
    await Deno.writeTextFile(file(dir), '{"time":"2026', { append: true });
    journal.append(second);
    const { runs: read, damaged } = await readJournal(dir, { runs: 10 });
    assert.deepEqual(damaged, [{ path: file(dir), line: 2 }]);
    assert.deepEqual(read[0]?.events, [first, second]);
  }));

Deno.test("a journal that is full is rotated, and the runs of former files are still read", () =>
  inDir(async (dir) => {
    const journal = fileJournal(dir, { maxBytes: 1_500, keep: 2 });
    const written = Array.from({ length: 20 }, (_, i) => run(`r${i}`, "a", runs.refused));
    written.flat().forEach((e) => journal.append(e));
    const files = (await Array.fromAsync(Deno.readDir(dir))).map((e) => e.name).sort();
    assert.deepEqual(files, ["journal.jsonl", "journal.jsonl.1", "journal.jsonl.2", "journal.jsonl.lock"]);
    const { runs: read } = await readJournal(dir, { runs: 3 });
    assert.deepEqual(read.map((r) => r.events), written.slice(-3));
    for (const e of Deno.readDirSync(dir)) assert.ok(Deno.statSync(join(dir, e.name)).size < 2_500);
  }));

Deno.test("processes that write and rotate at once lose and mix no line", () =>
  inDir(async (dir) => {
    const script = `
      import { fileJournal } from ${JSON.stringify(import.meta.resolve("../../../src/engine/journal.ts"))};
      const journal = fileJournal(${JSON.stringify(dir)}, { maxBytes: 40_000, keep: 9 });
      for (let i = 0; i < 200; i++) {
        journal.append({
          time: "t", run: Deno.args[0] + "-" + i, service: "a", event: "yielded", holder: "x".repeat(300),
        });
      }`;
    const path = join(dir, "writer.ts");
    await Deno.writeTextFile(path, script);
    const writers = ["p", "q", "r"].map((name) =>
      new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", path, name] }).output()
    );
    for (const { code, stderr } of await Promise.all(writers)) {
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    }
    const { runs: read, damaged } = await readJournal(dir, { runs: 1_000 });
    assert.deepEqual([damaged, read.length], [[], 600]);
  }));

Deno.test("a run is found by how its id begins, with all of its services", () =>
  inDir(async (dir) => {
    const journal = fileJournal(dir);
    const wanted = [run("abcdef01-2", "a", runs.failed), run("abcdef01-2", "b", runs.refused)];
    [...run("abcdef02-2", "a", runs.refused), ...wanted.flat()].forEach((e) => journal.append(e));
    const { runs: read } = await readJournal(dir, { run: "abcdef01", runs: 10 });
    assert.deepEqual(read.map((r) => r.events), wanted);
  }));

/** Follows while `steps` happen, one at each look; what was seen, in its order. */
async function followed(dir: string, steps: readonly (() => void)[]): Promise<readonly string[]> {
  const stop = new AbortController();
  const left = [...steps];
  const seen: string[] = [];
  const tick = (): Promise<void> => {
    const step = left.shift();
    if (step === undefined) stop.abort();
    else step();
    return Promise.resolve();
  };
  for await (const one of followJournal(dir, {}, stop.signal, tick)) {
    seen.push("event" in one ? one.run : `${one.path}:${one.line}`);
  }
  return seen;
}

Deno.test("who follows sees what comes, from the first file on, and nothing of before", () =>
  inDir(async (dir) => {
    const journal = fileJournal(dir);
    const one = (id: string) => () =>
      run(id, "a", runs.refused).slice(0, 1).forEach((e) => journal.append(e));
    assert.deepEqual(await followed(dir, [one("r1"), one("r2"), () => {}]), ["r1", "r2"]);
    assert.deepEqual(await followed(dir, [one("r3"), () => {}]), ["r3"]);
  }));

Deno.test("who follows misses no line when files are rotated, however many at a time", () =>
  inDir(async (dir) => {
    const journal = fileJournal(dir);
    const one = (id: string): void =>
      run(id, "a", runs.refused).slice(0, 1).forEach((e) => journal.append(e));
    // As logrotate does, with `nocreate`.
    const rotate = (): void => {
      for (let n = 5; n >= 1; n--) {
        const from = n === 1 ? file(dir) : `${file(dir)}.${n - 1}`;
        try {
          Deno.renameSync(from, `${file(dir)}.${n}`);
        } catch { /* not there yet */ }
      }
    };
    one("before");
    const seen = await followed(dir, [
      () => one("r1"),
      rotate,
      () => one("r2"),
      () => {
        one("r3");
        rotate();
        one("r4");
        rotate();
        one("r5");
      },
      () => {},
    ]);
    assert.deepEqual(seen, ["r1", "r2", "r3", "r4", "r5"]);
  }));

Deno.test("a line that is damaged is named to who follows, and one that is not ended yet is waited for", () =>
  inDir(async (dir) => {
    const [first] = run("r1", "a", runs.refused);
    const line = JSON.stringify(first);
    const add = (text: string) => (): void => Deno.writeTextFileSync(file(dir), text, { append: true });
    const seen = await followed(dir, [
      add("{\n"),
      add(line.slice(0, 20)),
      add(line.slice(20)),
      add("\n"),
      () => {},
    ]);
    assert.deepEqual(seen, [`${file(dir)}:1`, "r1"]);
  }));
