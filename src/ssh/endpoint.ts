/**
 * Where to connect and as whom: the config's settings laid over what ssh_config says.
 *
 * @module
 */
import { homedir, hostname, userInfo } from "node:os";
import {
  needsSsh,
  parseSshConfig,
  parseSshG,
  type SshConfig,
  type SshOptions,
  sshOptions,
} from "./ssh_config.ts";
import { messageOf } from "./trouble.ts";
import type { SshSettings } from "./settings.ts";
import type { Trouble } from "../model/fleet.ts";

/** A key file to offer. */
export interface Identity {
  readonly path: string;
  /** `default`: one of OpenSSH's own names, no loss when it is missing. */
  readonly from: "settings" | "sshConfig" | "default";
}

/** One SSH server to log in to. */
export interface Endpoint {
  /** As it was named, for messages: the config's `host`, or the hop in `jump`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `HostKeyAlias` of ssh_config. */
  readonly hostKeyAlias: string | undefined;
  /** The user's own files first: the first is where a new key would be added. */
  readonly knownHosts: readonly string[];
  readonly identities: readonly Identity[];
  /** The agent's socket. */
  readonly agent: string | undefined;
  /** Whether of the agent's keys only those of `identities` are offered. */
  readonly identitiesOnly: boolean;
  readonly connectTimeoutMs: number;
  readonly passphrase: () => string | undefined;
  /** The server to go through. */
  readonly jump: Endpoint | undefined;
}

/** What endpoints are found with: the files of ssh_config, read once, and this machine's own facts. */
export interface Surroundings {
  /** What ssh_config says about a host; a problem is told, not thrown. */
  options(host: string): Promise<SshOptions | Trouble>;
  readonly home: string;
  readonly localUser: string;
  readonly agent: string | undefined;
}

const DEFAULT_IDENTITIES = ["id_ed25519", "id_ecdsa", "id_rsa"];
const DEFAULT_KNOWN_HOSTS = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
const SYSTEM_KNOWN_HOSTS = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
/** OpenSSH's own bound on nested `Include` (readconf.c, READCONF_MAX_DEPTH). */
const MAX_INCLUDE_DEPTH = 16;

/** Reads the user's and the system's ssh_config, and the environment, as they are now. */
export function readSurroundings(): Surroundings {
  const home = Deno.env.get("HOME") ?? homedir();
  let configs: readonly SshConfig[] | undefined;
  return {
    home,
    localUser: Deno.env.get("USER") ?? Deno.env.get("LOGNAME") ?? userInfo().username,
    agent: Deno.env.get("SSH_AUTH_SOCK") || undefined,
    async options(host) {
      configs ??= [
        readConfig(`${home}/.ssh/config`, `${home}/.ssh`, home),
        readConfig("/etc/ssh/ssh_config", "/etc/ssh", home),
      ];
      return needsSsh(configs) ? await askSsh(host, home) : sshOptions(configs, host);
    },
  };
}

/** Finds the endpoint of a host, hops and all. */
export async function findEndpoint(
  host: string,
  settings: SshSettings,
  around: Surroundings,
): Promise<Endpoint | Trouble> {
  const options = await around.options(host);
  if ("code" in options) return options;
  const direct = hop(host, settings, options, around);
  const command = options.proxycommand?.join(" ");
  if (settings.jump === undefined && command !== undefined && command.toLowerCase() !== "none") {
    return {
      code: "unreachable",
      detail: `ssh_config sets ProxyCommand for ${host}, which is not supported`,
      unblock: "use ProxyJump there, or name the host to go through in ssh.jump",
    };
  }
  const through = settings.jump ?? options.proxyjump?.join(",");
  if (through === undefined || through.toLowerCase() === "none" || through === "") return direct;
  const jump = await findJump(through.split(",").map((part) => part.trim()), settings, around, 0);
  return "code" in jump ? jump : { ...direct, jump };
}

/** The last of a row of hops, each reached through the one before. The first one's own ProxyJump counts. */
async function findJump(
  hops: readonly string[],
  settings: SshSettings,
  around: Surroundings,
  depth: number,
): Promise<Endpoint | Trouble> {
  let before: Endpoint | undefined;
  for (const text of hops) {
    const named = parseHop(text);
    if (named === undefined || depth > 8) {
      return {
        code: "unreachable",
        detail: depth > 8
          ? `the hops to go through lead in a circle at ${text}`
          : `cannot read "${text}" as a hop`,
        unblock: "write jump (or ProxyJump) as [user@]host[:port], several joined by commas",
      };
    }
    const options = await around.options(named.host);
    if ("code" in options) return options;
    // The node's own user and port say nothing about the hop; its keys and files do.
    const { user: _user, port: _port, become: _become, jump: _jump, ...shared } = settings;
    const itself = hop(
      named.host,
      {
        ...shared,
        ...(named.user === undefined ? {} : { user: named.user }),
        ...(named.port === undefined ? {} : { port: named.port }),
      },
      settings.user === undefined ? options : { user: [settings.user], ...options },
      around,
    );
    const own = options.proxyjump?.join(",");
    if (before === undefined && own !== undefined && own.toLowerCase() !== "none") {
      const first = await findJump(own.split(","), settings, around, depth + 1);
      if ("code" in first) return first;
      before = first;
    }
    before = { ...itself, jump: before };
  }
  return before ??
    { code: "unreachable", detail: "jump names no host", unblock: "write it as [user@]host[:port]" };
}

/** Reads `[user@]host[:port]`, with brackets around an IPv6 address, or the same as an `ssh://` URL. */
export function parseHop(
  text: string,
):
  | { readonly user: string | undefined; readonly host: string; readonly port: number | undefined }
  | undefined {
  const found = /^(?:ssh:\/\/)?(?:([^@\s]+)@)?(?:\[([^\]\s]+)\]|([^:@\[\]/\s]+))(?::(\d+))?\/?$/.exec(text);
  const host = found?.[2] ?? found?.[3];
  if (!found || !host) return undefined;
  const port = found[4] === undefined ? undefined : Number(found[4]);
  return port !== undefined && (port < 1 || port > 65_535) ? undefined : { user: found[1], host, port };
}

function hop(name: string, settings: SshSettings, options: SshOptions, around: Surroundings): Endpoint {
  const first = (keyword: keyof SshOptions) => options[keyword]?.[0];
  const user = settings.user ?? first("user") ?? around.localUser;
  const port = settings.port ?? Number(first("port") ?? 22);
  const host = expand(first("hostname") ?? name, { h: name, n: name });
  const tokens = {
    h: host,
    n: name,
    p: String(port),
    r: user,
    u: around.localUser,
    d: around.home,
    k: first("hostkeyalias") ?? name,
    l: hostname(),
    L: hostname().split(".")[0] ?? "",
  };
  const path = (text: string) => expand(text.replace(/^~(?=\/|$)/, around.home), tokens);
  const identities: Identity[] = [
    ...(settings.identityFiles ?? []).map((file) => ({ path: path(file), from: "settings" as const })),
    ...(options.identityfile ?? []).map((file) => ({ path: path(file), from: "sshConfig" as const })),
    ...DEFAULT_IDENTITIES.map((file) => ({ path: `${around.home}/.ssh/${file}`, from: "default" as const })),
  ];
  const seconds = Number(first("connecttimeout"));
  const files = settings.knownHosts ??
    [
      ...(options.userknownhostsfile ?? DEFAULT_KNOWN_HOSTS),
      ...(options.globalknownhostsfile ?? SYSTEM_KNOWN_HOSTS),
    ];
  return {
    name,
    host,
    port,
    user,
    hostKeyAlias: first("hostkeyalias"),
    knownHosts: files.filter((file) => file !== "none").map(path),
    identities: identities.filter((one, at) =>
      identities.findIndex((other) => other.path === one.path) === at
    ),
    agent: agentSocket(first("identityagent"), around, path),
    identitiesOnly: first("identitiesonly")?.toLowerCase() === "yes",
    connectTimeoutMs: settings.connectTimeoutMs ??
      (seconds > 0 ? seconds * 1000 : DEFAULT_CONNECT_TIMEOUT_MS),
    passphrase: settings.passphrase ?? (() => Deno.env.get("QUORATE_SSH_PASSPHRASE")),
    jump: undefined,
  };
}

/** `IdentityAgent` of ssh_config: a path, `none`, or a variable by its name; left out: `$SSH_AUTH_SOCK`. */
function agentSocket(
  value: string | undefined,
  around: Surroundings,
  path: (text: string) => string,
): string | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK") return around.agent;
  if (value.toLowerCase() === "none") return undefined;
  return value.startsWith("$") && !value.startsWith("${") ? variable(value.slice(1)) : path(value);
}

/** Expands `%h` and its like; a token that is not known stays as it is. */
function expand(text: string, tokens: Readonly<Record<string, string>>): string {
  return text.replace(/%(.)/g, (whole, token: string) => token === "%" ? "%" : tokens[token] ?? whole)
    .replace(/\$\{(\w+)\}/g, (whole, name: string) => variable(name) ?? whole);
}

/** The executable may read some variables only: the others are as if they were not set. */
function variable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

function readConfig(path: string, base: string, home: string, depth = 0): SshConfig {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    return { items: [] }; // not there, or not ours to read: the OpenSSH client goes on without it, too
  }
  return parseSshConfig(text, (pattern) => {
    if (depth >= MAX_INCLUDE_DEPTH) return [];
    const absolute = pattern.startsWith("~/")
      ? home + pattern.slice(1)
      : pattern.startsWith("/")
      ? pattern
      : `${base}/${pattern}`;
    return glob(absolute).map((file) => readConfig(file, base, home, depth + 1));
  });
}

/** The files that a path with `*` and `?` stands for, sorted as the shell sorts them. */
function glob(pattern: string): readonly string[] {
  let found = [""];
  for (const part of pattern.split("/").slice(1)) {
    if (!/[*?]/.test(part)) {
      found = found.map((directory) => `${directory}/${part}`);
      continue;
    }
    const test = new RegExp(
      `^${part.replace(/[^*?\w]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`,
    );
    found = found.flatMap((directory) =>
      namesIn(`${directory}/`)
        .filter((name) => test.test(name) && (part.startsWith(".") || !name.startsWith(".")))
        .map((name) => `${directory}/${name}`)
    );
  }
  return found;
}

function namesIn(directory: string): readonly string[] {
  try {
    return [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
  } catch {
    return [];
  }
}

async function askSsh(host: string, home: string): Promise<SshOptions | Trouble> {
  try {
    // By itself it would look for the user's file where passwd says, whatever HOME is.
    const ssh = new Deno.Command("ssh", {
      args: ["-G", "-F", "/dev/stdin", "--", host],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const config = new Blob([`Include "${home}/.ssh/config"\nInclude /etc/ssh/ssh_config\n`]);
    const [{ success, stdout, stderr }] = await Promise.all([
      ssh.output(),
      config.stream().pipeTo(ssh.stdin),
    ]);
    if (success) return parseSshG(new TextDecoder().decode(stdout));
    throw new Error(new TextDecoder().decode(stderr).trim());
  } catch (thrown) {
    return {
      code: "unreachable",
      detail: `ssh_config has Match blocks, and "ssh -G ${host}" could not tell what they mean: ${
        messageOf(thrown)
      }`,
      unblock: "install the OpenSSH client here, or set user, port, identityFiles and jump in the config",
    };
  }
}
