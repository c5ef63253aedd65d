/** Real OpenSSH servers on loopback, each with files, keys and a port of its own. */
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { sshFleet, type SshFleetOptions } from "../../src/ssh/fleet.ts";
import type { Surroundings } from "../../src/ssh/endpoint.ts";
import type { SshSettings } from "../../src/ssh/settings.ts";
import type { Fleet } from "../../src/model/fleet.ts";

const SSHD = "/usr/sbin/sshd";
export type KeyType = "ed25519" | "ecdsa" | "rsa";

export interface Sshd extends AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  /** A private key that may log in. */
  readonly key: string;
  /** known_hosts with all host keys of this server. */
  readonly knownHosts: string;
  /** `[127.0.0.1]:PORT TYPE KEY` of one host key. */
  hostKeyLine(type: KeyType): Promise<string>;
  /** The settings that reach it. */
  readonly ssh: SshSettings;
  /** A fleet whose node `n` is this server. */
  fleet(settings?: SshSettings, options?: SshFleetOptions): Fleet & AsyncDisposable;
  /** The processes that serve one connection each. */
  sessions(): number[];
  stop(): Promise<void>;
}

/** Nothing of the machine's own SSH files or agent. */
export const bare = (home: string): Surroundings => ({
  home,
  localUser: Deno.env.get("USER") ?? "root",
  agent: undefined,
  options: () => Promise.resolve({}),
});

export async function startSshd(
  { hostKeys = ["ed25519"], config = () => [] }: {
    readonly hostKeys?: readonly KeyType[];
    readonly config?: (directory: string) => readonly string[];
  } = {},
): Promise<Sshd> {
  if (!exists(SSHD)) throw new Error(`these tests need ${SSHD}: apt-get install openssh-server`);
  Deno.mkdirSync("/run/sshd", { recursive: true });
  const directory = await Deno.makeTempDir({ prefix: "quorate-sshd-" });
  const key = `${directory}/login`;
  await keygen(key, "ed25519");
  await Promise.all(hostKeys.map((type) => keygen(`${directory}/host_${type}`, type)));
  const port = freePort();
  await Deno.writeTextFile(
    `${directory}/sshd_config`,
    [
      ...config(directory), // the first value of a keyword wins
      `SetEnv HOME=${directory}`, // bash would read the machine's own .bashrc for every command
      `ListenAddress 127.0.0.1:${port}`,
      ...hostKeys.map((type) => `HostKey ${directory}/host_${type}`),
      `AuthorizedKeysFile ${directory}/login.pub ${directory}/authorized`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin yes",
      "",
    ].join("\n"),
  );
  const hostKeyLine = async (type: KeyType) => {
    const [kind, blob] = (await Deno.readTextFile(`${directory}/host_${type}.pub`)).split(" ");
    return `[127.0.0.1]:${port} ${kind} ${blob}`;
  };
  const knownHosts = `${directory}/known_hosts`;
  await Deno.writeTextFile(knownHosts, `${(await Promise.all(hostKeys.map(hostKeyLine))).join("\n")}\n`);
  const server = new Deno.Command(SSHD, {
    args: ["-D", "-E", `${directory}/log`, "-f", `${directory}/sshd_config`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await until(`sshd answers on ${port}`, () => greets(port));
  const ssh: SshSettings = { port, identityFiles: [key], knownHosts: [knownHosts], connectTimeoutMs: 5_000 };
  let stopped: Promise<void> | undefined;
  const stop = () =>
    stopped ??= (async () => {
      for (const pid of [server.pid, ...descendants(server.pid)]) kill(pid, "SIGKILL");
      for (const pid of processes().filter((pid) => livesIn(pid, directory))) kill(pid, "SIGKILL");
      await server.status;
      await Deno.remove(directory, { recursive: true });
    })();
  return {
    port,
    directory,
    key,
    knownHosts,
    hostKeyLine,
    ssh,
    fleet: (settings = {}, options = {}) =>
      fleetOf([{ name: "n", host: "127.0.0.1", ssh: { ...ssh, ...settings } }], {
        surroundings: bare(directory),
        ...options,
      }),
    sessions: () => children(server.pid),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A fleet that closes itself at the end of a block. */
export function fleetOf(
  targets: Parameters<typeof sshFleet>[0],
  options: SshFleetOptions,
): Fleet & AsyncDisposable {
  const fleet = sshFleet(targets, options);
  return Object.assign(fleet, { [Symbol.asyncDispose]: () => fleet.close() });
}

export async function keygen(path: string, type: KeyType, ...more: readonly string[]): Promise<void> {
  const passphrase = more.includes("-N") ? [] : ["-N", ""];
  await command("ssh-keygen", ["-q", "-t", type, "-f", path, ...passphrase, ...more]);
}

export async function command(name: string, args: readonly string[], env = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(name, { args: [...args], env, stdin: "null" })
    .output();
  if (!success) throw new Error(`${name} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Waits for a condition; a test that waits in vain fails with its words. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}

const processes = (): number[] =>
  [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter((pid) => pid > 0);

/** Whether a process was started over one of our servers, by the HOME that it was given. */
function livesIn(pid: number, directory: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0").includes(`HOME=${directory}`);
  } catch {
    return false; // it ended meanwhile
  }
}

export function children(parent: number): number[] {
  return processes().filter((pid) => {
    try {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(ppid) === parent && state !== "Z";
    } catch {
      return false; // it ended meanwhile
    }
  });
}

export function descendants(parent: number): number[] {
  return children(parent).flatMap((pid) => [pid, ...descendants(pid)]);
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.transport === "tcp" ? listener.addr.port : 0;
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("data", () => socket.destroy());
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(socket.bytesRead > 0));
  });
}
