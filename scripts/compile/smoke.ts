/**
 * What every executable must do, of either kind, before it is given away.
 *
 * @module
 */

/** Runs the file as a stranger to this machine's settings; gives what is wrong with it, undefined where nothing is. */
export async function smoke(path: string, version: string): Promise<string | undefined> {
  const home = await Deno.makeTempDir({ prefix: "quorate-smoke-" });
  const config = `${home}/quorate.yaml`;
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(path, {
      args,
      cwd: home,
      clearEnv: true,
      env: { HOME: home, QUORATE_CACHE: `${home}/cache`, PATH: "/usr/bin:/bin" },
      stdin: "null",
    }).output();
    return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
  };
  const cases: readonly (readonly [args: readonly string[], code: number, out: RegExp, err: RegExp])[] = [
    [["--version"], 0, new RegExp(`^quorate ${version.replaceAll(".", "\\.")} \\(`), /^$/],
    [["init", config], 0, /^/, /^/],
    [["validate", "-c", config], 0, / is valid: 3 nodes, 1 service\n/, /^$/],
    [["explain", "replace", "-c", config, "-o", "sh"], 0, /etcdctl.* member promote/, /^$/],
    [["simulate", "--seeds", "3", "-c", config], 0, /every invariant held/, /^$/],
    [["schema"], 0, /"title": "quorate\.yaml"/, /^$/],
    [["journal", "-c", config], 0, /^/, /^/],
    // Nobody answers there: the whole way to SSH and back.
    [["status", "-c", config, "-o", "json"], 0, /"reachable": false/, /^/],
    [["plan", "--no-such-flag"], 64, /^$/, /no-such-flag/],
    [["validate", "-c", `${home}/none.yaml`], 78, /^$/, /none\.yaml/],
  ];
  try {
    for (const [args, code, out, err] of cases) {
      const ran = await run(...args);
      if (args[0] === "init") await unreachable(config);
      if (ran.code === code && out.test(ran.out) && err.test(ran.err)) continue;
      return `${args.join(" ")} ended with ${ran.code} (${code} is right) and said:\n${
        ran.out.slice(0, 500)
      }${ran.err}`;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** A port of this machine on which nobody listens, instead of three hosts of a stranger's. */
async function unreachable(config: string): Promise<void> {
  const written = await Deno.readTextFile(config);
  const local = written.replaceAll(/10\.0\.0\.1(\d)/g, "127.0.0.$1").replace("# port: 22", "port: 1");
  await Deno.writeTextFile(config, local);
}
