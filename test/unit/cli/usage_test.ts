import assert from "node:assert/strict";
import { inFolder } from "./run.ts";

const version = /^quorate \d+\.\d+\.\d+ \(Deno \d+\.\d+\.\d+, from source\)\n$/;

Deno.test("the version is answered before anything is asked of the system", async () => {
  const main = new URL("../../../src/main.ts", import.meta.url).pathname;
  const args = ["run", "--no-prompt", "--no-check", main, "--version"];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  assert.equal(code, 0);
  assert.match(new TextDecoder().decode(stdout), version);
});

Deno.test("help goes to stdout, names every command and has examples", () =>
  inFolder(async ({ run }) => {
    const { code, out, err } = await run("--help");
    assert.deepEqual([code, err], [0, ""]);
    for (
      const name
        of "plan apply status snapshots recover restore forget validate explain journal schedule init check types schema completion"
          .split(" ")
    ) {
      assert.match(out, new RegExp(`^ {2}${name} +[A-Z]`, "m"), name);
      const own = await run(name, "--help");
      assert.equal(own.code, 0);
      assert.match(own.out, new RegExp(`EXAMPLES\n {2}quorate ${name}`), name);
    }
  }));

for (
  const [typed, said] of [
    ["paln", /there is no command paln, did you mean `plan`\?/],
    ["frobnicate", /there is no command frobnicate; see --help/],
    ["-c quorate.yaml", /there is no command behind -c; see --help/],
    ["plan --ouput json", /--ouput.*did you mean --output/],
    ["plan -o xml", /text\|json\|yaml\|sh/],
    ["apply -o yaml", /text\|json/],
    ["validate extra", /Too many arguments/],
    ["explain", /Expected argument for CASE/],
    ["explain nothing", /bootstrap\|restart\|add/],
    ["journal -n 0", /at least 1/],
    ["schedule", /Expected argument for ACTION/],
    ["schedule instal", /install\|show\|remove/],
    ["schedule install --every soon", /--every cannot be soon; it is a duration such as 30s/],
    ["schedule install --with anacron", /systemd\|cron/],
    ["recover", /Expected argument for SERVICE/],
    [
      "recover metadata --gone n2",
      /a person has to say yes on a terminal: without one, say --yes-lose-writes/,
    ],
    ["restore metadata", /say --yes-lose-writes/],
    ["completion tcsh", /bash\|zsh\|fish/],
    ["plan --config", /Expected input for flag --config/],
    ["plan --color sometimes", /auto\|always\|never/],
    ["plan --config=", /Failed to parse "" for config: it must name a file or a folder/],
    ["plan --state=", /Failed to parse "" for state: it must name a file or a folder/],
  ] as const
) {
  Deno.test(`"quorate ${typed}" is a usage error`, () =>
    inFolder(async ({ run }) => {
      const { code, out, err } = await run(...typed.split(" "));
      assert.deepEqual([code, out], [64, ""]);
      assert.match(err, said);
      assert.match(err, /^quorate: [^\n]*\n$/);
    }));
}
