import assert from "node:assert/strict";
import { inFolder, unreachable } from "./run.ts";

Deno.test("a second interrupt ends a run at once with 130, the first one only asks", () =>
  inFolder(async ({ start, write }) => {
    // Hosts that take a connection and never say a word: the run waits for them.
    using host = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const ssh = `port: ${host.addr.port}, connectTimeout: 60s`;
    await write(
      "quorate.yaml",
      unreachable.replace("port: 1, connectTimeout: 2s", ssh).replaceAll(/ {2}n[234]: .*\n/g, "")
        .replace("[n1, n2, n3]", "[n1]"),
    );
    const child = start("apply");
    const ended = child.status.then(({ code }) => assert.fail(`it ended with ${code} before it connected`));
    ended.catch(() => {});
    using _connected = await Promise.race([host.accept(), ended]);
    child.kill("SIGINT");
    const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("interrupt again")) {
      const { value, done } = await reader.read();
      assert.ok(!done, `it ended with: ${said}`);
      said += value;
    }
    child.kill("SIGINT");
    const { code } = await child.status;
    assert.equal(code, 130);
    await reader.cancel();
    await child.stdout.cancel();
  }));

Deno.test("who is told to stop while it waits for its turn leaves with 0: nothing was begun", () =>
  inFolder(async ({ start, write }) => {
    await write("quorate.yaml", unreachable);
    const child = start("apply", "--jitter", "1h", "-v");
    // It says so once it listens for signals.
    const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("as --jitter asks")) {
      const { value, done } = await reader.read();
      assert.ok(!done, `it ended with: ${said}`);
      said += value;
    }
    child.kill("SIGTERM");
    const [{ code }, stdout] = await Promise.all([child.status, new Response(child.stdout).text()]);
    assert.deepEqual([code, stdout], [0, ""]);
    await reader.cancel();
    assert.ok(!await Deno.stat("state").then(() => true, () => false));
  }));
