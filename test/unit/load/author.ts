/** Files of an author's own in a folder, and a command that runs in this process over a config that names them. */
import type { Cli, GlobalFlags } from "../../../src/cli/cli.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
type Command = (cli: Cli, flags: GlobalFlags) => Promise<number>;

/** A config of four nodes whose service is kept by this playbook, and this plugin. */
export const configOf = (playbook?: string, plugin = "etcd", more = ""): string =>
  `version: 1
nodes:
  n1: { host: 10.0.0.11 }
  n2: { host: 10.0.0.12 }
  n3: { host: 10.0.0.13 }
  n4: { host: 10.0.0.14 }
services:
  metadata:
    plugin: ${plugin}
    members: [n1, n2, n3]
${playbook === undefined ? "" : `    playbook: ${playbook}\n`}${more}`;

/** A folder that only its owner can write, with these files. */
export class Author implements Disposable {
  readonly dir = Deno.makeTempDirSync({ prefix: "quorate-author-" });

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }
  write(name: string, text: string): string {
    const path = `${this.dir}/${name}`;
    Deno.writeTextFileSync(path, text);
    Deno.chmodSync(path, 0o644);
    return path;
  }

  /** Runs a command, over a config of the folder where one is named; the folder's own name does not stand in what is said. */
  async says(command: Command, config?: string): Promise<Said> {
    let out = "", err = "";
    const stream = (take: (text: string) => void) => ({
      write: take,
      terminal: false,
      size: () => ({ columns: 80, rows: 24 }),
    });
    const [o, e] = [stream((text) => out += text), stream((text) => err += text)];
    const cli: Cli = {
      process: { stdout: o, stderr: e },
      out: o,
      err: e,
      env: {},
      cwd: this.dir,
      names: () => Promise.resolve({ services: [], nodes: [] }),
    };
    const code = await command(cli, {
      ...(config === undefined ? {} : { config }),
      quiet: false,
      color: "never",
      noInput: true,
      state: `${this.dir}/state`,
    });
    const here = (text: string) => text.replaceAll(`${this.dir}/`, "");
    return { code, out: here(out), err: here(err) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}
