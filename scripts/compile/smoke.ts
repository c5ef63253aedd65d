/**
 * What every executable must do, of either kind, before it is given away.
 *
 * @module
 */
import { dirname } from "node:path";

/** An operator's own playbook: TypeScript that is more than types, another file, a module of Node, a changed case. */
const PLAYBOOK = {
  "playbook.ts": `import { hostname } from "node:os";
import { extend, management, nothing, run, sh, step } from "quorate";
import { etcdPlaybook } from "quorate/plugins/etcd";
import { Word } from "./word.ts";

const tell = (node: string) =>
  step("tell", run(sh\`logger \${\`\${Word.Joined} \${node}, says \${hostname().length > 0}\`}\`), {
    on: management,
    effect: nothing,
    idempotent: true,
  });
export default extend(etcdPlaybook, { add: { after: { promote: (f) => [tell(f.node.name)] } } });
`,
  "word.ts": 'export enum Word { Joined = "joined:" }\n',
  "broken.ts": 'import left from "npm:left-pad";\nexport default left;\n',
};

/** Runs the file as a stranger to this machine's settings; gives what is wrong with it, undefined where nothing is. */
export async function smoke(path: string, version: string): Promise<string | undefined> {
  const home = await Deno.makeTempDir({ prefix: "quorate-smoke-" });
  const config = `${home}/quorate.yaml`;
  const broken = `${home}/broken.yaml`;
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
    [["explain", "add", "-c", config, "-o", "sh"], 0, /logger 'joined: n3, says true'/, /^$/],
    [["validate", "-c", broken], 78, /^$/, /broken\.ts:1:18: error: npm:left-pad cannot be imported/],
    [["check", `${home}/playbook.ts`], 0, / \+ tell on this host/, /playbook\.ts is well/],
    [["types", `${home}/author`], 0, /^/, /^/],
    // Nobody answers there: the whole way to SSH and back.
    [["status", "-c", config, "-o", "json"], 0, /"reachable": false/, /^/],
    // The library that asks an etcd for leases, and its protocol, are in it.
    [["apply", "-c", `${home}/locked.yaml`, "--state", `${home}/state`], 3, /^$/, / S20 .*ECONNREFUSED/],
    [["plan", "--no-such-flag"], 64, /^$/, /no-such-flag/],
    [["validate", "-c", `${home}/none.yaml`], 78, /^$/, /none\.yaml/],
  ];
  try {
    for (const [args, code, out, err] of cases) {
      const ran = await run(...args);
      if (args[0] === "init") await rewrite(config, broken);
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

/** Hosts of this machine on a port where nobody listens, instead of a stranger's; and a playbook, and a broken one. */
async function rewrite(config: string, broken: string): Promise<void> {
  const written = (await Deno.readTextFile(config))
    .replaceAll(/10\.0\.0\.1(\d)/g, "127.0.0.$1")
    .replace("# port: 22", "port: 1")
    .replace("    plugin: etcd\n", "$&    playbook: ./playbook.ts\n");
  await Deno.writeTextFile(config, written);
  await Deno.writeTextFile(
    `${dirname(config)}/locked.yaml`,
    `${written}\nlock: { etcd: ["http://127.0.0.1:1"] }\n`,
  );
  await Deno.writeTextFile(broken, written.replace("./playbook.ts", "./broken.ts"));
  for (const [name, text] of Object.entries(PLAYBOOK)) {
    await Deno.writeTextFile(`${dirname(config)}/${name}`, text);
    await Deno.chmod(`${dirname(config)}/${name}`, 0o644);
  }
}
