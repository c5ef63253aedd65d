/**
 * A host that is one folder: the paths that the shell functions and the check know are moved into it, and the programs
 * that a test wants to speak for themselves stand first on its PATH.
 */
import type { HostNode, Identity, ServiceView } from "../../../src/model/node.ts";
import type { Asks, Service, Sight } from "../../../src/playbook/plugin.ts";

export const n1: HostNode = { name: "n1", host: "10.0.0.11", address: "10.9.0.11", labels: {} };

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly bytes: Uint8Array;
}

export class Host implements AsyncDisposable {
  readonly root = Deno.makeTempDirSync({ prefix: "quorate-host-" });
  /** No longer than a process name may be, and nobody else's. */
  readonly process = `q${crypto.randomUUID().slice(0, 8)}`;
  readonly #running: Deno.ChildProcess[] = [];

  constructor() {
    for (const dir of ["bin", "state", "units", "data", "etc"]) Deno.mkdirSync(this.path(dir));
    this.program("systemctl", systemctl.replaceAll("ROOT", this.root));
    this.unit({ LoadState: "loaded", ActiveState: "inactive", UnitFileState: "enabled", MainPID: "0" });
  }

  path(name: string): string {
    return `${this.root}/${name}`;
  }
  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    return path;
  }
  read(name: string): string {
    return Deno.readTextFileSync(this.path(name));
  }
  list(name: string): readonly string[] {
    return [...Deno.readDirSync(this.path(name))].map((e) => e.name).sort();
  }
  program(name: string, script: string): void {
    Deno.writeTextFileSync(this.path(`bin/${name}`), `#!/bin/sh\n${script}`, { mode: 0o755 });
  }
  /** What `systemctl show` says. */
  unit(properties: Readonly<Record<string, string>>): void {
    this.write("unit", Object.entries(properties).map(([k, v]) => `${k}=${v}\n`).join(""));
  }
  /** What was asked of systemctl, but `show`. */
  calls(): readonly string[] {
    try {
      return this.read("calls").trimEnd().split("\n");
    } catch {
      return [];
    }
  }

  /** A process of the service that runs until the host goes. Resolves when it bears its name. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<number> {
    if (this.#running.length === 0) await Deno.copyFile("/bin/sleep", this.path(this.process));
    const child = new Deno.Command(this.path(this.process), {
      args: ["600"],
      env: { ...env },
      clearEnv: true,
      stdout: "null",
      stderr: "null",
      stdin: "null",
    }).spawn();
    this.#running.push(child);
    const comm = () => Deno.readTextFileSync(`/proc/${child.pid}/comm`).trim();
    const deadline = Date.now() + 5000;
    while (comm() !== this.process) {
      if (Date.now() > deadline) throw new Error("the process did not start");
      await new Promise((done) => setTimeout(done, 5));
    }
    return child.pid;
  }

  /** Runs shell text by dash, its text on standard input as SSH gives it. */
  async sh(text: string): Promise<Ran> {
    const moved = text.replaceAll("/var/lib/quorate", this.path("state"))
      .replaceAll("/etc/systemd/system", this.path("units"));
    const child = new Deno.Command("dash", {
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      cwd: this.root,
      env: { PATH: `${this.path("bin")}:${Deno.env.get("PATH")}` },
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(moved));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const decode = (b: Uint8Array) => new TextDecoder().decode(b);
    return { code, out: decode(stdout), err: decode(stderr), bytes: stdout };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      child.kill("SIGKILL");
      await child.status;
    }
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Properties come from a file; a stop is what `stopping` says, or changes the state. */
const systemctl = `
case $1 in
show)
	shift
	case "$*" in *ControlGroup*--value*) sed -n 's/^ControlGroup=//p' ROOT/unit ;; *) cat ROOT/unit ;; esac ;;
is-active) sed -n 's/^ActiveState=//p' ROOT/unit ;;
*)
	echo "$*" >>ROOT/calls
	case $1 in stop) [ ! -e ROOT/stopping ] || . ROOT/stopping; sed -i s/^ActiveState=.*/ActiveState=inactive/ ROOT/unit ;; esac ;;
esac
`;

/** A service of a plugin that asks nothing but what a test tells it to. */
export function service(host: Host, more: Partial<Service> = {}): Service {
  const never = () => {
    throw new Error("not asked in this test");
  };
  return {
    plugin: "test",
    name: "metadata",
    unit: "etcd.service",
    dataDir: host.path("data"),
    process: host.process,
    programs: [],
    shell: "",
    check: () => "",
    read: () => sight({}),
    askPeers: () => "",
    readPeers: () => ({}),
    claims: () => false,
    caughtUp: () => "unknown",
    drift: () => ({ settings: {} }),
    forbids: () => undefined,
    derived: never,
    lateShell: never,
    probeShell: never,
    survey: undefined,
    cannotRestore: undefined,
    steps: () => [],
    ...more,
  };
}

export const sight = (more: Partial<Sight>): Sight => ({
  view: undefined,
  disk: "none",
  dataPath: undefined,
  settings: undefined,
  installed: undefined,
  notices: [],
  ...more,
});

export const identity: Identity = { clusterId: "c1", memberId: "a1" };
export const view = (more: Partial<ServiceView>): ServiceView => ({
  identity,
  linearizable: "yes",
  local: "yes",
  members: [],
  leaderId: "a1",
  role: "voter",
  term: 2n,
  index: 8n,
  version: "3.5.30",
  alarms: [],
  pristine: "no",
  trouble: undefined,
  ...more,
});

export const answered = (out: string, code = 0, err = ""): Asks[string] => ({ code, out, err });
export const missing = answered("", 1, "cat: /var/lib/quorate/metadata/latch: No such file or directory\n");
