/** What the commands say when no node answers: the whole program but for the hosts. */
import assert from "node:assert/strict";
import type { Event } from "../../../src/model/event.ts";
import { inFolder, unreachable } from "./run.ts";

const withConfig = (test: Parameters<typeof inFolder>[0]): Promise<void> =>
  inFolder(async (folder) => {
    await folder.write("quorate.yaml", unreachable);
    await test(folder);
  });

Deno.test("status ends with 0 once it could look, and has the shape of the contract", () =>
  withConfig(async ({ run, dir }) => {
    const { code, out } = await run("status", "-o", "json");
    assert.equal(code, 0);
    const { schemaVersion, services: [service] } = JSON.parse(out);
    assert.equal(schemaVersion, 1);
    assert.deepEqual([service.name, service.plugin, service.quorum], ["metadata", "etcd", "unknown"]);
    assert.deepEqual(service.nodes[3], { name: "n4", reachable: false, service: "unknown", data: "unknown" });
    assert.deepEqual(Object.keys(service).sort(), ["case", "members", "name", "nodes", "plugin", "quorum"]);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(dir))).map((e) => e.name), ["quorate.yaml"]);
  }));

Deno.test("status names the nodes that could not be reached", () =>
  withConfig(async ({ run }) => {
    const { code, out } = await run("status");
    assert.equal(code, 0);
    assert.match(out, /metadata \(etcd\): quorum unknown/);
    assert.match(out, /! n4: not reached: /);
  }));

Deno.test("plan of a refusal ends with 3 in every format", () =>
  withConfig(async ({ run }) => {
    for (const format of ["text", "json", "yaml", "sh"]) {
      const { code, out } = await run("plan", "-o", format);
      assert.equal(code, 3, format);
      assert.match(out, /\bS(1|2|4|24)\b/, format);
    }
  }));

Deno.test("apply refuses, says so on stderr, and leaves one run in the journal", () =>
  withConfig(async ({ run }) => {
    const { code, out, err } = await run("apply");
    assert.deepEqual([code, out], [3, ""]);
    assert.match(err, /^metadata: refused by a safety rule\n/);
    assert.match(err, /\n {2}now {4}/);
    const listed = /^\S+ \S+Z {2}([0-9a-f]{8}) {2}metadata {2}refused {2}\d+\.\d s {2}S\d+: .*\n$/.exec(
      (await run("journal")).out,
    );
    assert.ok(listed?.[1] !== undefined);
    const shown = (await run("journal", listed[1])).out;
    assert.match(
      shown,
      /run [0-9a-f-]{36}\nmetadata: looking, .*\nmetadata: observed [\s\S]*\nmetadata: refused by a safety rule\n/,
    );
    const other = await run("journal", "other");
    assert.deepEqual([other.out, other.err.includes("no runs of other are written down in")], ["", true]);
  }));

Deno.test("apply -o json writes one event a line, each with its time, run and service", () =>
  withConfig(async ({ run }) => {
    const { code, out, err } = await run("apply", "-o", "json");
    assert.deepEqual([code, err], [3, ""]);
    const events: readonly Event[] = out.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(events[0]?.event, "runStarted");
    assert.equal(events.at(-1)?.event, "runEnded");
    assert.ok(events.some((e) => e.event === "refused"));
    assert.equal(new Set(events.map((e) => e.run)).size, 1);
    assert.ok(events.every((e) => e.service === "metadata" && !Number.isNaN(Date.parse(e.time))));
    assert.deepEqual(
      (await run("journal", "-o", "json")).out.trim().split("\n").map((line) => JSON.parse(line).event).at(
        -1,
      ),
      "runEnded",
    );
  }));

Deno.test("a memory that is damaged fails the run and says what to do, and is told by plan too", () =>
  withConfig(async ({ run, dir, write }) => {
    await Deno.mkdir(`${dir}/state/memory`, { recursive: true });
    await write("state/memory/metadata.json", "{");
    for (const command of ["apply", "plan"]) {
      const { code, err } = await run(command);
      assert.equal(code, 1, command);
      assert.match(err, /metadata\.json is damaged/, command);
    }
  }));

Deno.test("a journal that cannot be written is told once and changes nothing else", () =>
  withConfig(async ({ run, dir }) => {
    await Deno.mkdir(`${dir}/state/journal.jsonl`, { recursive: true });
    const { code, err } = await run("apply");
    assert.equal(code, 3);
    assert.equal(err.match(/journal in .* could not be written/g)?.length, 1);
  }));

Deno.test("explain works out the steps of a case without touching a host", () =>
  withConfig(async ({ run }) => {
    const { code, out } = await run("explain", "add", "--node", "n4");
    assert.equal(code, 0);
    assert.match(out, /^add of metadata \(etcd\), on sample facts: no host was asked\n {2}when /);
    assert.match(out, /add n4\n {5}1\. /);
    assert.match(out, /etcdctl .*member add/);
    const json = JSON.parse((await run("explain", "add", "-o", "json")).out);
    assert.equal(json.services[0].changes[0].case, "add");
    assert.equal((await run("explain", "add", "--node", "n9")).code, 64);
  }));

Deno.test("a reader that goes away ends nothing with an error", () =>
  withConfig(async ({ start }) => {
    const child = start("apply", "-o", "json");
    await child.stdout.cancel();
    const { code } = await child.status;
    assert.equal(code, 3);
    await child.stderr.cancel();
  }));

Deno.test("a state directory that cannot be made stops no look, and the refusal is told all the same", () =>
  withConfig(async ({ run }) => {
    const { code, err } = await run("apply", "--state", "/sys/quorate");
    assert.equal(code, 3);
    assert.match(err, /^metadata: refused by a safety rule\n {2}S1 /m);
    assert.match(err, /the journal in \S+ could not be written/);
  }));

Deno.test("a webhook that is not there changes no exit code, and its secret is told nowhere", () =>
  inFolder(async ({ run, write, dir }) => {
    await write("quorate.yaml", `${unreachable}alerts: { webhook: "http://127.0.0.1:9/s3cret" }\n`);
    const { code, out, err } = await run("apply", "-v");
    assert.equal(code, 3);
    assert.match(
      err,
      /quorate: the refusal of metadata was not told: the webhook at 127\.0\.0\.1:9 was not reached/,
    );
    await write(
      "quorate.yaml",
      `${unreachable}alerts: { webhook: "http://h/s3cret", webhok: "http://h/s3cret", on: [] }\n`,
    );
    const wrong = await run("validate");
    assert.equal(wrong.code, 78);
    await write("quorate.yaml", `${unreachable}alerts: { webhook: hooks.example.org/s3cret }\n`);
    const worse = await run("validate");
    assert.match(worse.err, /webhook cannot be that\n[\s\S]*expected: an http or https URL/);
    const journal = await Deno.readTextFile(`${dir}/state/journal.jsonl`);
    assert.ok(![out, err, wrong.err, worse.err, journal].join().includes("s3cret"));
  }));

Deno.test("journal --follow prints what runs write, and ends when nobody reads any more", () =>
  withConfig(async ({ run, start }) => {
    const child = start("journal", "--follow", "-o", "json", "--state", "followed");
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let seen = "";
    const first = reader.read().then(({ value }) => void (seen = value ?? "it has ended"));
    // Who follows may have begun after a run has ended: then the next one is seen.
    while (seen === "") await run("apply", "--state", "followed");
    await first;
    assert.match(seen, /^\{"time":"[^"]+","run":"[^"]+","service":"metadata","event":/);
    await reader.cancel();
    await child.stderr.cancel();
    await run("apply", "--state", "followed");
    assert.equal((await child.status).code, 0);
  }));

Deno.test("a damaged memory keeps status from looking, and what is advised instead looks", () =>
  withConfig(async ({ run, dir }) => {
    await Deno.mkdir(`${dir}/state/memory`, { recursive: true });
    await Deno.writeTextFile(`${dir}/state/memory/metadata.json`, "{");
    const { code, out } = await run("status");
    assert.equal(code, 1);
    const [, advised = ""] = /see with `quorate (status --state DIR)`, DIR an empty folder/.exec(out) ?? [];
    const looked = await run(...advised.replace("DIR", `${dir}/none`).split(" "));
    assert.deepEqual([looked.code, looked.out.includes("metadata (etcd): quorum unknown")], [0, true]);
  }));

Deno.test("restore refuses what is no snapshot, and fails where there is none: no rule said no to that", () =>
  withConfig(async ({ run, dir, write }) => {
    const restored = async (...more: readonly string[]) => {
      const { code, err } = await run("restore", "metadata", "--dry-run", ...more);
      return [code, err];
    };
    const none = "quorate: no snapshot of metadata is kept: name a file with --snapshot\n";
    assert.deepEqual(await restored(), [1, none]);
    const missing = "quorate: none.db cannot be read: there is no such file\n";
    assert.deepEqual(await restored("--snapshot", "none.db"), [1, missing]);
    assert.deepEqual(await restored("--snapshot", dir), [
      1,
      `quorate: ${dir} cannot be read: it is a folder\n`,
    ]);
    await write("text.db", "no snapshot");
    const [code, err] = await restored("--snapshot", "text.db");
    assert.equal(code, 3);
    assert.match(`${err}`, /^quorate: text\.db is refused: it was cut off, or is no snapshot/);
  }));
