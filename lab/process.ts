/**
 * Processes of the machine: run to the end, or started and held.
 *
 * @module
 */

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnOptions {
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to its standard input, which is then closed; without it the input is empty. */
  readonly stdin?: string | Uint8Array;
}

export interface RunOptions extends SpawnOptions {
  /** @default 120000 */
  readonly timeoutMs?: number;
}

export interface Ended extends Finished {
  readonly signal: Deno.Signal | null;
}

/** A started program: what it has said so far, and its end. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when the process has ended and both its outputs are closed. */
  readonly exited: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  /** Waits until the standard output or error matches; throws when it ends or `timeoutMs` (60 s) passes first. */
  says(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Does nothing to a process that has ended. */
  kill(signal?: Deno.Signal): void;
}

const alive = new Set<Deno.ChildProcess>();

/** Started, and known to be alive until it has ended. */
function start(program: string, options: Deno.CommandOptions): Deno.ChildProcess {
  const child = new Deno.Command(program, options).spawn();
  alive.add(child);
  child.status.finally(() => alive.delete(child));
  return child;
}

/** Ends whatever this process has started and still runs: on its way out, before anything is taken away. */
export function endAll(): void {
  for (const child of alive) {
    try {
      child.kill("SIGKILL");
    } catch { /* ended just now */ }
  }
}

/** Runs `argv` with the terminal, or whatever streams, of this process; gives its exit code. */
export async function attached(
  argv: readonly string[],
  options: { readonly stdin?: "inherit" | "null" } = {},
): Promise<number> {
  const [program = "", ...args] = argv;
  return (await start(program, { args, stdin: options.stdin ?? "inherit" }).status).code;
}

/** Starts `argv`; what it prints is collected as it comes. */
export function spawn(argv: readonly string[], options: SpawnOptions = {}): Running {
  const [program = "", ...args] = argv;
  const child = start(program, {
    args,
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.env && { env: { ...options.env } }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });

  const said = { stdout: "", stderr: "" };
  let heard = Promise.withResolvers<void>();
  let over = false;
  const collect = async (from: ReadableStream<Uint8Array<ArrayBuffer>>, to: keyof typeof said) => {
    for await (const text of from.pipeThrough(new TextDecoderStream())) {
      said[to] += text;
      heard.resolve();
      heard = Promise.withResolvers();
    }
  };
  const feed = async () => {
    if (options.stdin === undefined) return;
    const bytes = typeof options.stdin === "string" ? new TextEncoder().encode(options.stdin) : options.stdin;
    try {
      await new Blob([new Uint8Array(bytes)]).stream().pipeTo(child.stdin);
    } catch { /* a program may end without reading all of its input */ }
  };
  const end = async (): Promise<Ended> => {
    const [status] = await Promise.all([
      child.status,
      collect(child.stdout, "stdout"),
      collect(child.stderr, "stderr"),
      feed(),
    ]);
    over = true;
    heard.resolve();
    return { code: status.code, signal: status.signal, ...said };
  };
  const exited = end();
  const kill = (signal: Deno.Signal = "SIGTERM") => {
    try {
      child.kill(signal);
    } catch { /* already ended */ }
  };

  return {
    pid: child.pid,
    exited,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    kill,
    says: async (pattern, timeoutMs = 60_000) => {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const match = pattern.exec(said.stdout) ?? pattern.exec(said.stderr);
        if (match) return match;
        const why = over ? "it ended" : performance.now() >= deadline ? `${timeoutMs} ms passed` : undefined;
        if (why) throw new Error(`${argv.join(" ")}: ${why} before ${pattern}\n${said.stdout}${said.stderr}`);
        await within(heard.promise, deadline - performance.now());
      }
    },
    [Symbol.asyncDispose]: async () => {
      kill("SIGKILL");
      await exited;
    },
  };
}

/** Runs `argv` to its end; throws when it takes longer than `timeoutMs` (the process is then killed). */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const timeoutMs = options.timeoutMs ?? 120_000;
  const running = spawn(argv, options);
  const ended = await within(running.exited, timeoutMs);
  if (!ended) {
    running.kill("SIGKILL");
    throw new Error(
      `${argv.join(" ")}: no end within ${timeoutMs} ms\n${running.stdout()}${running.stderr()}`,
    );
  }
  return { code: ended.code, stdout: ended.stdout, stderr: ended.stderr };
}

/** As `run`, and throws with what the program said when it fails; gives its standard output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code !== 0) throw new Error(`${argv.join(" ")}: exit ${code}\n${stderr}${stdout}`);
  return stdout;
}

/** A short shell script on the machine itself; `args` are `$1`, `$2`, …; throws where a command of it fails. */
export const sh = (script: string, args: readonly string[] = [], options: RunOptions = {}): Promise<string> =>
  must(["bash", "-euo", "pipefail", "-c", script, "lab", ...args], options);

/**
 * Polls until `holds`; throws after `timeoutMs` (60 s, for a loaded machine), saying `what` did not come. A look that
 * starts programs takes from what it waits for, so it takes a fifth of the time at most.
 */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 60_000) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const began = performance.now();
    if (await holds()) return;
    const now = performance.now();
    if (now >= deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    const pauseMs = Math.min(Math.max(10, 4 * (now - began)), 500);
    await new Promise((r) => setTimeout(r, pauseMs));
  }
}

/** The promise's value, or undefined when `ms` pass first. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((r) => timer = setTimeout(() => r(undefined), Math.max(0, ms)));
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
