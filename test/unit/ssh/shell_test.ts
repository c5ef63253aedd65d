import assert from "node:assert/strict";
import { AnswerReader } from "../../../src/ssh/answer.ts";
import {
  agentInput,
  fetchInput,
  type Input,
  newTag,
  pingFrame,
  runFrame,
  runInput,
} from "../../../src/ssh/shell.ts";

/** Runs a program as a login shell would, with so much of its bytes. */
async function run(input: Input, bytes: Uint8Array = input.bytes, env: Record<string, string> = {}) {
  const shell = new Deno.Command("sh", {
    args: ["-c", input.command(false)],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env,
  }).spawn();
  const writer = shell.stdin.getWriter();
  await writer.write(bytes).catch(() => {});
  await writer.close().catch(() => {});
  return await shell.output();
}

Deno.test("the command line is one that sh, fish and csh read in the same way", () => {
  for (
    const input of [
      runInput(newTag(), "x'\n!\\", 1_500),
      fetchInput(newTag(), "/a'b", 5),
      agentInput(newTag(), "/l", "h"),
    ]
  ) {
    for (const become of [true, false]) {
      assert.match(input.command(become), /^(sudo -n )?sh -c 'eval "\$\(head -c \d+\)"'$/);
    }
  }
});

Deno.test("a script that was cut short anywhere does not run", async () => {
  const directory = await Deno.makeTempDir();
  const input = runInput(newTag(), `touch ${directory}/ran\necho done\n# ${"x".repeat(50)}`, 5_000);
  const cuts = Array.from({ length: 40 }, (_, i) => Math.floor(input.bytes.length * i / 40));
  for (const cut of [...cuts, input.bytes.length - 1, input.bytes.length - 5]) {
    await run(input, input.bytes.subarray(0, cut));
    assert.deepEqual([...Deno.readDirSync(directory)], [], `cut at ${cut}`);
  }
  await run(input);
  assert.equal([...Deno.readDirSync(directory)].length, 1);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("a node without timeout says so by its exit code and words", async () => {
  const directory = await Deno.makeTempDir();
  for (const name of ["sh", "head"]) await Deno.symlink(`/usr/bin/${name}`, `${directory}/${name}`);
  const tag = newTag();
  const { stdout, stderr } = await run(runInput(tag, "true", 1_000), undefined, { PATH: directory });
  const reader = new AnswerReader(tag, 10_000);
  reader.stdout(stdout);
  reader.stderr(stderr);
  const answer = await reader.answer;
  assert.equal(answer.code, 127);
  assert.match(new TextDecoder().decode(answer.stderr), /timeout: not found/);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("an agent that hears nothing for long lets the lock go: a manager whose host died says no goodbye", async () => {
  const directory = await Deno.makeTempDir();
  const lock = `${directory}/lock`;
  const tag = newTag();
  const input = agentInput(tag, lock, "me", 0.5);
  const shell = new Deno.Command("sh", {
    args: ["-c", input.command(false)],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = shell.stdin.getWriter();
  await writer.write(input.bytes);
  await writer.write(pingFrame(tag));
  const [status, output] = [shell.status, new Response(shell.stdout).text()];
  assert.equal((await status).success, true, "it ends, although its input stays open");
  assert.equal((await output).match(/end 0/g)?.length, 2);
  assert.ok((await new Deno.Command("flock", { args: ["-n", lock, "true"] }).output()).success);
  await writer.close().catch(() => {});
  await Deno.remove(directory, { recursive: true });
});

Deno.test("an agent starts no script from its not-after time on, by the node's own uptime", async () => {
  const directory = await Deno.makeTempDir();
  const input = agentInput(newTag(), `${directory}/lock`, "me");
  const uptime = Math.floor(Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 100);
  const frames = [
    runFrame(newTag(), `touch ${directory}/late`, 1_000, uptime),
    runFrame(newTag(), `touch ${directory}/soon`, 1_000, uptime + 3_000),
    runFrame(newTag(), `touch ${directory}/any`, 1_000, 0),
  ];
  const all = new Uint8Array(
    await new Blob([input.bytes, ...frames].map((bytes) => new Uint8Array(bytes))).arrayBuffer(),
  );
  const { code, stdout } = await run(input, all);
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout).match(/ late$/gm)?.length, 1);
  assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), ["any", "lock", "soon"]);
  await Deno.remove(directory, { recursive: true });
});
