/**
 * As much of a POSIX shell as the steps of a playbook need: lists, `&&`, `||`, groups, quotes, redirections and
 * variables before a command. Functions that were sent along are left out: the simulated host knows them by name.
 *
 * @module
 */
/** What a command came to. */
export interface Said {
  readonly code: number;
  readonly out?: string;
  readonly err?: string;
}
/** One command: its words, and the variables that stand before it. */
export type Program = (words: readonly string[], env: ReadonlyMap<string, string>) => Said | Promise<Said>;

const FUNCTION = /^[a-z_][a-z0-9_]*\(\) [{(]\n[\s\S]*?^[)}]$/gm;
const TOKEN =
  /\s*(\n|;;?|&&|\|\||[{}()](?=[\s;]|$)|\d?[<>]+(?:&\d|\s*[^\s;&|]+)|(?:'[^']*'|"[^"]*"|\\.|[^\s;&|'"\\])+)/gy;

class Exit {
  constructor(readonly said: Said) {}
}

/** Runs a script; stops where `stop` says so between two commands. */
export async function runShell(script: string, program: Program, stop: () => boolean): Promise<Said> {
  const tokens = [...script.replace(FUNCTION, "").trim().matchAll(TOKEN)].map((m) => m[1] ?? "");
  const exported = new Map<string, string>();
  let at = 0;
  let out = "", err = "";
  const join = (said: Said): Said => {
    out += said.out ?? "";
    err += said.err ?? "";
    return said;
  };
  const simple = async (run: boolean): Promise<Said> => {
    const words: string[] = [];
    const env = new Map(exported);
    let silent = false;
    for (; at < tokens.length && !/^(\n|;|&&|\|\||[{}()])$/.test(tokens[at] ?? ""); at++) {
      const token = tokens[at] ?? "";
      if (/^\d?[<>]/.test(token)) silent ||= token.startsWith("2>");
      else if (words.length === 0 && /^[A-Z_]+=/.test(token)) {
        env.set(token.slice(0, token.indexOf("=")), unquoted(token.slice(token.indexOf("=") + 1)));
      } else words.push(unquoted(token));
    }
    if (!run) return { code: 0 };
    if (stop()) throw new Exit({ code: 143 });
    if (words.length === 0) env.forEach((value, key) => exported.set(key, value));
    if (words[0] === "exit") throw new Exit({ code: Number(words[1] ?? 0) });
    if (words.length === 0 || words[0] === "set" || words[0] === ".") return { code: 0 };
    const said = await program(words[0] === "timeout" ? words.slice(2) : words, env);
    return join(silent ? { code: said.code } : said);
  };
  const command = async (run: boolean): Promise<Said> => {
    if (tokens[at] !== "{" && tokens[at] !== "(") return await simple(run);
    at++;
    const said = await list(run);
    at++;
    return said;
  };
  const chain = async (run: boolean): Promise<Said> => {
    let said = await command(run);
    while (tokens[at] === "&&" || tokens[at] === "||") {
      const wanted = (tokens[at++] === "&&") === (said.code === 0);
      const next = await command(run && wanted);
      if (run && wanted) said = next;
    }
    return said;
  };
  const list = async (run: boolean): Promise<Said> => {
    let said: Said = { code: 0 };
    for (;;) {
      while (tokens[at] === ";" || tokens[at] === "\n") at++;
      if (at >= tokens.length || tokens[at] === "}" || tokens[at] === ")") return said;
      said = await chain(run);
    }
  };
  try {
    return { code: (await list(true)).code, out, err };
  } catch (error) {
    if (error instanceof Exit) return { code: error.said.code, out, err };
    throw error;
  }
}

const unquoted = (token: string): string =>
  token.replace(/'([^']*)'|"([^"]*)"|\\(.)/g, (_, single, double, one) => single ?? double ?? one);
