/** Signals as a run gives them: a real receiver, a real program, and what goes wrong with either. */
import assert from "node:assert/strict";
import type { Alerts } from "../../../src/config/config.ts";
import type { Message } from "../../../src/signals/message.ts";
import { type Signalled, signals } from "../../../src/signals/signals.ts";
import { events, runs } from "../report/samples.ts";

interface Told {
  readonly dir: string;
  readonly warned: string[];
  /** One run of the service that ends so. */
  run(name: keyof typeof runs): Promise<void>;
}
const everything = ["change", "refusal", "failure", "quorumLost", "recovery"] as const;

async function withSignals(
  config: Partial<Alerts> & { readonly textfile?: string },
  test: (told: Told) => Promise<void>,
  dir = Deno.makeTempDirSync(),
): Promise<void> {
  const { textfile, ...alerts } = config;
  const whole: Signalled = {
    services: [{ name: "metadata" }],
    alerts: { on: everything, timeoutMs: 30_000, ...alerts },
    ...(textfile === undefined ? {} : { metrics: { textfile } }),
  };
  const warned: string[] = [];
  try {
    await test({
      dir,
      warned,
      async run(name) {
        const warn = (text: string) => warned.push(text);
        const told = signals([whole], { dir, host: "mg", version: "1", warn, torn: false, patienceMs: 0 });
        events("metadata", runs[name]).forEach((e) => told.onEvent(e));
        await told.ended("metadata");
        await told.close();
      },
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A receiver; the URL ends in what must not be told. */
async function receiving(
  answer: () => Response | Promise<Response>,
  test: (url: string, told: readonly Message[]) => Promise<void>,
): Promise<void> {
  const told: Message[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    told.push(await request.json());
    return await answer();
  });
  try {
    await test(`http://user:pass@127.0.0.1:${server.addr.port}/s3cret?key=s3cret`, told);
  } finally {
    await server.shutdown();
  }
}

Deno.test("a receiver sees one message for one incident and one for its end, and nothing stays", () =>
  receiving(
    () => new Response(),
    (webhook, told) =>
      withSignals({ webhook }, async ({ run, warned, dir }) => {
        for (
          const name of ["steady", "refused", "refused", "refused", "steady", "steady"] as const
        ) await run(name);
        assert.deepEqual(told.map((m) => m.kind), ["refusal", "recovery"]);
        assert.deepEqual([told[0]?.host, told[0]?.refusals[0]?.rule, told[0]?.since], [
          "mg",
          "S9",
          told[0]?.time,
        ]);
        assert.equal(told[1]?.fingerprint, told[0]?.fingerprint);
        assert.match(told[0]?.text ?? "", /^quorate on mg: metadata: refused: S9: /);
        assert.deepEqual(warned, []);
        assert.deepEqual([...Deno.readDirSync(`${dir}/alerts`)], []);
      }),
  ));

Deno.test("a receiver that says no is tried again by the next run, and its secret is not told", () => {
  let code = 500;
  return receiving(
    () => new Response("", { status: code }),
    (webhook, told) =>
      withSignals({ webhook }, async ({ run, warned }) => {
        await run("refused");
        code = 302;
        await run("refused");
        code = 200;
        await run("refused");
        await run("refused");
        assert.equal(told.length, 3);
        const to = `the webhook at ${new URL(webhook).host}`;
        assert.deepEqual(
          warned,
          [500, 302].map((n) => `the refusal of metadata was not told: ${to} answered ${n}`),
        );
      }),
  );
});

Deno.test("a receiver that is not there or does not answer holds nothing up, and its secret is not told", async () => {
  const gone = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  gone.close();
  await withSignals(
    { webhook: `http://user:s3cret@127.0.0.1:${gone.addr.port}/s3cret` },
    async ({ run, warned }) => {
      await run("refused");
      assert.match(
        warned[0] ?? "",
        /^the refusal of metadata was not told: the webhook at 127\.0\.0\.1:\d+ was not reached: .*refused/,
      );
      assert.ok(!warned.join().includes("s3cret"));
    },
  );
  const never = Promise.withResolvers<Response>();
  await receiving(
    () => never.promise,
    (webhook) =>
      withSignals({ webhook, timeoutMs: 50 }, async ({ run, warned }) => {
        await run("refused");
        assert.match(warned[0] ?? "", /did not answer within 0\.05 s$/);
        never.resolve(new Response());
      }),
  );
});

Deno.test("another process that keeps the lock of signals holds nothing up", () =>
  receiving(
    () => new Response(),
    (webhook, told) =>
      withSignals({ webhook }, async ({ run, warned, dir }) => {
        await Deno.mkdir(`${dir}/locks`);
        using other = await Deno.open(`${dir}/locks/.alerts-metadata`, { write: true, create: true });
        await other.lock(true);
        await run("refused");
        assert.deepEqual([told.length, warned], [1, []]);
      }),
  ));

Deno.test("a program is given the document, its arguments whole, and an environment of its own", () =>
  withSignals({}, async ({ dir }) => {
    const program = `${dir}/no tify`;
    await Deno.writeTextFile(
      program,
      `#!/bin/sh\necho "$#<$2>$QUORATE_SSH_PASSPHRASE" >"$1.args"; cat >>"$1"\n`,
      {
        mode: 0o755,
      },
    );
    Deno.env.set("QUORATE_SSH_PASSPHRASE", "s3cret");
    try {
      await withSignals({ command: [program, `${dir}/told`, "$HOME 'x'"] }, async ({ run, warned }) => {
        for (const name of ["quorumLost", "quorumLost", "converged"] as const) await run(name);
        assert.deepEqual(warned, []);
      });
    } finally {
      Deno.env.delete("QUORATE_SSH_PASSPHRASE");
    }
    const told = (await Deno.readTextFile(`${dir}/told`)).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(told.map((m) => [m.schemaVersion, m.kind]), [[1, "quorumLost"], [1, "recovery"]]);
    assert.equal(await Deno.readTextFile(`${dir}/told.args`), "2<$HOME 'x'>\n");
  }));

for (
  const [what, script, said] of [
    ["fails", "exit 3", /ended with exit code 3$/],
    ["does not end", "exec sleep 600", /did not end within 0\.2 s$/],
    ["is not there", undefined, /could not be started$/],
  ] as const
) {
  Deno.test(`a program that ${what} is told, and is tried again by the next run`, () =>
    withSignals({}, async ({ dir }) => {
      const program = `${dir}/notify`;
      if (script !== undefined) await Deno.writeTextFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      await withSignals({ command: [program], timeoutMs: 200 }, async ({ run, warned }) => {
        await run("refused");
        await run("refused");
        assert.equal(warned.length, 2);
        assert.match(warned[0] ?? "", said);
      });
    }));
}

Deno.test("metrics are readable by others, replaced as a whole, and told of where they cannot be written", () =>
  withSignals({ textfile: "/nowhere/at/all/quorate.prom" }, async ({ dir, run, warned }) => {
    await run("steady");
    assert.match(warned[0] ?? "", /^the metrics \/nowhere\/at\/all\/quorate\.prom could not be written: /);
    const textfile = `${dir}/quorate.prom`;
    await withSignals({ textfile }, async (other) => {
      await other.run("steady");
      assert.deepEqual(other.warned, []);
    });
    assert.equal(((await Deno.stat(textfile)).mode ?? 0) & 0o777, 0o644);
    assert.deepEqual([...Deno.readDirSync(dir)].map((e) => e.name).filter((n) => n.startsWith("quorate")), [
      "quorate.prom",
    ]);
  }));
