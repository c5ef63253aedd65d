/**
 * A reader of the part of ssh_config(5) that says where a host is and how to log in. It does no I/O of its own:
 * included files come through a function. `Match` lines other than `all` are not evaluated; where one holds a
 * keyword that matters here, `needsSsh` says so, and the caller asks `ssh -G` instead.
 *
 * @module
 */
import { matchesPattern } from "./known_hosts.ts";

/** The keywords that are read; every other one is left to the OpenSSH client. In lower case, as `ssh -G` prints. */
const KEYWORDS = [
  "hostname",
  "port",
  "user",
  "identityfile",
  "identitiesonly",
  "identityagent",
  "proxyjump",
  "proxycommand",
  "userknownhostsfile",
  "globalknownhostsfile",
  "connecttimeout",
  "hostkeyalias",
] as const;

/** A keyword of ssh_config that Quorate knows. */
export type SshKeyword = typeof KEYWORDS[number];

/** What ssh_config says about a host: the arguments of each keyword, tokens such as `%h` not yet expanded. */
export type SshOptions = Readonly<Partial<Record<SshKeyword, readonly string[]>>>;

type Item =
  | { readonly kind: "option"; readonly keyword: SshKeyword; readonly args: readonly string[] }
  | { readonly kind: "host"; readonly patterns: readonly string[] }
  | { readonly kind: "match"; readonly all: boolean }
  | { readonly kind: "include"; readonly files: readonly SshConfig[] };

/** One file, with the files it includes. */
export interface SshConfig {
  readonly items: readonly Item[];
}

/** Reads the files that an `Include` argument names. */
export type Include = (pattern: string) => readonly SshConfig[];

/**
 * Parses the text of one ssh_config file.
 *
 * @example
 * ```ts
 * import { parseSshConfig, sshOptions } from "./ssh_config.ts";
 *
 * const config = parseSshConfig("Host db*\n  User ops\n  Port 2222\n", () => []);
 * const { user, port } = sshOptions([config], "db1");
 * if (user?.[0] !== "ops" || port?.[0] !== "2222") throw new Error("not read");
 * ```
 */
export function parseSshConfig(text: string, include: Include): SshConfig {
  const items: Item[] = [];
  for (const raw of text.split("\n")) {
    const [word, ...args] = words(raw);
    if (word === undefined) continue;
    const keyword = word.toLowerCase();
    if (keyword === "host") items.push({ kind: "host", patterns: args });
    else if (keyword === "match") {
      items.push({ kind: "match", all: args.length === 1 && args[0]?.toLowerCase() === "all" });
    } else if (keyword === "include") items.push({ kind: "include", files: args.flatMap(include) });
    else if (isKeyword(keyword)) items.push({ kind: "option", keyword, args });
  }
  return { items };
}

/**
 * What the files say about a host, as the OpenSSH client would take it: the first value of a keyword wins, but
 * every `IdentityFile` counts.
 */
export function sshOptions(configs: readonly SshConfig[], host: string): SshOptions {
  const found: Partial<Record<SshKeyword, readonly string[]>> = {};
  const take = (keyword: SshKeyword, args: readonly string[]) => {
    if (keyword === "identityfile") found[keyword] = [...(found[keyword] ?? []), ...args.slice(0, 1)];
    // ProxyJump and ProxyCommand are two ways to say one thing: the first of them wins.
    else if (keyword === "proxyjump" && found.proxycommand) return;
    else if (keyword === "proxycommand" && found.proxyjump) return;
    else found[keyword] ??= args;
  };
  const walk = (config: SshConfig, outer: boolean) => {
    let active = outer;
    for (const item of config.items) {
      if (item.kind === "host") active = outer && matchesHost(host, item.patterns);
      else if (item.kind === "match") active = outer && item.all;
      else if (item.kind === "include") item.files.forEach((file) => walk(file, active));
      else if (active) take(item.keyword, item.args);
    }
  };
  configs.forEach((config) => walk(config, true));
  return found;
}

/** Whether the files hold a `Match` block with a keyword that matters here, so that only `ssh -G` can tell. */
export function needsSsh(configs: readonly SshConfig[]): boolean {
  const holdsOption = (config: SshConfig): boolean =>
    config.items.some((i) => i.kind === "option" || (i.kind === "include" && i.files.some(holdsOption)));
  const walk = (config: SshConfig): boolean => {
    let inMatch = false;
    for (const item of config.items) {
      if (item.kind === "host") inMatch = false;
      else if (item.kind === "match") inMatch = !item.all;
      else if (item.kind === "option" && inMatch) return true;
      else if (item.kind === "include" && item.files.some(inMatch ? holdsOption : walk)) return true;
    }
    return false;
  };
  return configs.some(walk);
}

/** Reads what `ssh -G HOST` prints. */
export function parseSshG(text: string): SshOptions {
  const found: Partial<Record<SshKeyword, readonly string[]>> = {};
  for (const line of text.split("\n")) {
    const [keyword, ...args] = line.trim().split(" ");
    if (keyword === undefined || !isKeyword(keyword)) continue;
    if (keyword === "identityfile") found[keyword] = [...(found[keyword] ?? []), args.join(" ")];
    else if (keyword === "proxycommand") found[keyword] = [args.join(" ")];
    else found[keyword] ??= args;
  }
  return found;
}

function isKeyword(word: string): word is SshKeyword {
  return KEYWORDS.some((keyword) => keyword === word);
}

/** `Host` patterns: one has to match, and none that begins with `!` may. */
function matchesHost(host: string, patterns: readonly string[]): boolean {
  const name = host.toLowerCase();
  const matches = (pattern: string) => matchesPattern(name, pattern.toLowerCase());
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matches(pattern));
}

/**
 * The words of a line: separated by blanks (and one `=` after the keyword), quoted by `"` or `'`, with a backslash
 * before a quote or a backslash taken as written; `#` at the start of a word begins a comment.
 */
function words(line: string): readonly string[] {
  const found: string[] = [];
  const keyword = /^\s*([^\s=#"]+)\s*=?\s*/.exec(line);
  if (!keyword?.[1]) return [];
  found.push(keyword[1]);
  const rest = line.slice(keyword[0].length).trimEnd();
  for (let at = 0; at < rest.length;) {
    if (/\s/.test(rest.charAt(at))) {
      at++;
      continue;
    }
    if (rest.charAt(at) === "#") break;
    let word = "";
    let quote = "";
    for (; at < rest.length; at++) {
      const char = rest.charAt(at);
      const next = rest.charAt(at + 1);
      if (char === "\\" && (/["'\\]/.test(next) || (next === " " && quote === ""))) {
        word += next;
        at++;
      } else if (quote === "" && /\s/.test(char)) break;
      else if (quote === "" && (char === '"' || char === "'")) quote = char;
      else if (char === quote && quote !== "") quote = "";
      else word += char;
    }
    found.push(word);
  }
  return found;
}
