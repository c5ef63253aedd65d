/** Runs the executable as a user would, in a folder of its own. */

const main = new URL("../../../src/main.ts", import.meta.url).pathname;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
export interface Folder {
  readonly dir: string;
  run(...args: readonly string[]): Promise<Ran>;
  start(...args: readonly string[]): Deno.ChildProcess;
  write(name: string, text: string): Promise<void>;
}

/** A folder with nothing in it, and an environment that names no other. */
export async function inFolder(
  test: (folder: Folder) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const command = (args: readonly string[]): Deno.Command =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", main, ...args],
      cwd: dir,
      clearEnv: true,
      env: {
        HOME: dir,
        PATH: Deno.env.get("PATH") ?? "",
        DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
        QUORATE_STATE: `${dir}/state`,
        ...env,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  try {
    await test({
      dir,
      async run(...args) {
        const { code, stdout, stderr } = await command(args).output();
        return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
      },
      start: (...args) => command(args).spawn(),
      write: (name, text) => Deno.writeTextFile(`${dir}/${name}`, text),
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Three nodes that nobody answers for: port 1 of this host is closed. */
export const unreachable = `version: 1
ssh: { user: nobody, port: 1, connectTimeout: 2s }
nodes:
  n1: { host: 127.0.0.1 }
  n2: { host: 127.0.0.2 }
  n3: { host: 127.0.0.3 }
  n4: { host: 127.0.0.4 }
services:
  metadata: { plugin: etcd, members: [n1, n2, n3], policy: { stabilize: 100ms } }
`;
