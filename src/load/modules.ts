/**
 * Files of an author's own as modules of this process. `"quorate"` and its like are the very modules that run: a playbook
 * that extends a built-in one must not be given another copy of it. Files come in under a scheme of their own: the
 * runtime prepares what a `file:` imports before anybody is asked, and would fetch packages.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Problem } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import { decode } from "../config/load.ts";
import { located } from "./located.ts";
import { isBuiltin, registerHooks } from "./runtime.ts";
import { javaScriptOf, NotTypeScript, type Spot } from "./source.ts";
import { spotOfImport, stackSpot, textOfError } from "./spots.ts";
import { distrustOf } from "./trust.ts";

/** What runs, by the name under which it is imported. */
export type Running = Readonly<Record<string, object>>;

const SCHEME = "quorate:";
const RUNNING = `${SCHEME}running/`;
/** Where the modules that stand for the running ones find them: one process, one of each. */
const KEY = Symbol.for("quorate.running");

const urlOf = (path: string): string => pathToFileURL(path).href.replace(/^file:/, SCHEME);
/** The file that a module or a line of a stack is of; undefined for what is not an author's own. */
export const fileOf = (url: string): string | undefined =>
  url.startsWith(`${SCHEME}///`) ? fileURLToPath(url.replace(SCHEME, "file:")) : undefined;

/** A problem that was found while the runtime asked for a module. */
class Found extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** Loads files of an author's own. One a process: what is loaded stays loaded. */
export class Modules {
  readonly #texts = new Map<string, string>();
  readonly #imports = new Map<string, Set<string>>();
  readonly #running: Running;
  #found: Problem | undefined;

  constructor(running: Running) {
    this.#running = Object.fromEntries(
      Object.entries(running).map(([name, module]) => [name, name === "quorate" ? located(module) : module]),
    );
    Object.assign(globalThis, { [KEY]: this.#running });
  }

  /** A file and all those that it imports. */
  reach(path: string): ReadonlySet<string> {
    const reached = new Set([path]);
    // A set that grows while it is walked is walked to its end.
    for (const one of reached) this.#imports.get(one)?.forEach((next) => reached.add(next));
    return reached;
  }
  /** What was read of a file, empty before. */
  textOf(path: string): string {
    return this.#texts.get(path) ?? "";
  }

  /** A file's exports, or what is wrong with it or with what it imports. One at a time. */
  async load(path: string): Promise<Readonly<Record<string, unknown>> | Problem> {
    this.#found = undefined;
    const hooks = this.#hook();
    try {
      return await import(urlOf(path));
    } catch (error) {
      return this.#found ?? this.problemOf(error, path);
    } finally {
      // Under hooks Deno 2.9 takes the JSON that a CommonJS package requires for JavaScript.
      hooks.deregister();
    }
  }

  #hook() {
    return registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier.startsWith(SCHEME)) return { url: specifier, format: "module", shortCircuit: true };
        const from = fileOf(context.parentURL ?? "");
        if (from === undefined) return next(specifier, context);
        if (isBuiltin(specifier)) return next(specifier.replace(/^(?!node:)/, "node:"), context);
        return { url: this.#resolve(specifier, from), format: "module", shortCircuit: true };
      },
      load: (url, context, next) => {
        if (!url.startsWith(SCHEME)) return next(url, context);
        return { source: this.#load(url), format: "module", shortCircuit: true };
      },
    });
  }

  /** An error that was thrown in a file, at the place where it was; at the file as a whole where none is told. */
  problemOf(error: unknown, path: string): Problem {
    const at = stackSpot(error, fileOf);
    return this.problem(at?.path ?? path, at?.spot, { message: textOfError(error) });
  }

  /** A problem in one of the files. */
  problem(
    path: string,
    spot: Spot & { readonly endColumn?: number } | undefined,
    said: Pick<Problem, "message" | "expected" | "didYouMean" | "hint">,
  ): Problem {
    return {
      severity: "error",
      path,
      text: this.textOf(path),
      line: spot?.line ?? 0,
      column: spot?.column ?? 0,
      endColumn: spot?.endColumn,
      ...said,
    };
  }

  #resolve(specifier: string, from: string): string {
    if (Object.hasOwn(this.#running, specifier)) return `${RUNNING}${specifier}`;
    const refuse = (said: Parameters<Modules["problem"]>[2]): never => {
      throw this.#stop(this.problem(from, spotOfImport(this.textOf(from), specifier), said));
    };
    const names = Object.keys(this.#running);
    if (/^(?:\.{0,2}\/|file:)/.test(specifier)) {
      const path = specifier.startsWith("file:")
        ? fileURLToPath(specifier)
        : resolve(dirname(from), specifier);
      if (!path.endsWith(".ts")) {
        refuse({ message: `${specifier} cannot be imported`, expected: "a file whose name ends with .ts" });
      }
      const circle = this.#wayBack(path, from);
      if (circle !== undefined) {
        const names = [from, ...circle].map((one) => relative(dirname(from), one) || basename(one));
        refuse({
          message: `the imports go in a circle: ${names.join(" → ")}`,
          hint: "move what both need into a file of its own; types are imported with `import type`",
        });
      }
      this.#imports.set(from, (this.#imports.get(from) ?? new Set()).add(path));
      if (!exists(path)) {
        refuse({ message: `there is no file ${path}`, expected: "a relative path with its ending, .ts" });
      }
      return urlOf(path);
    }
    const download = /^(?:npm|jsr|https?|data|blob):/.test(specifier);
    return refuse({
      message: download
        ? `${specifier} cannot be imported: Quorate fetches nothing`
        : `there is no module ${specifier} to import`,
      expected: `one of ${names.join(", ")}, a relative .ts file, or a module of Node such as node:path`,
      didYouMean: download ? undefined : nearest(specifier, names),
      hint: download ? "copy what you need into a .ts file beside it" : undefined,
    });
  }

  /** How one file leads to another by what they import. */
  #wayBack(from: string, to: string): readonly string[] | undefined {
    if (from === to) return [to];
    for (const next of this.#imports.get(from) ?? []) {
      const way = this.#wayBack(next, to);
      if (way !== undefined) return [from, ...way];
    }
    return undefined;
  }

  #load(url: string): string {
    const path = fileOf(url);
    if (path !== undefined) return this.#read(path, url);
    const name = url.slice(RUNNING.length);
    const exported = Object.keys(this.#running[name] ?? {}).filter((one) => one !== "default");
    return `export const { ${exported.join(", ")} } = globalThis[Symbol.for("quorate.running")]["${name}"];`;
  }

  #read(path: string, url: string): string {
    const { text, problem } = decode(this.#bytes(path), path);
    this.#texts.set(path, text);
    if (problem !== undefined) throw this.#stop({ ...problem, text });
    try {
      return javaScriptOf(text, url);
    } catch (error) {
      if (!(error instanceof NotTypeScript)) throw error;
      throw this.#stop(this.problem(path, error.spot, { message: error.message }));
    }
  }

  /** The file is judged while it is open, so that nobody can change it in between. */
  #bytes(path: string): Uint8Array {
    let fd: number | undefined;
    try {
      fd = openSync(path, "r");
      const distrust = distrustOf(path, fstatSync(fd), Deno.uid());
      if (distrust === undefined) return readFileSync(fd);
      const expected = "a file that only you or root can write, in folders of which that is true as well";
      throw this.#stop(this.problem(path, undefined, { ...distrust, expected }));
    } catch (error) {
      if (error instanceof Found) throw error;
      throw this.#stop(this.problem(path, undefined, { message: `it cannot be read: ${reasonOf(error)}` }));
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** The runtime wraps what is thrown at it: what was found first is kept. */
  #stop(problem: Problem): Found {
    this.#found ??= problem;
    return new Found(problem);
  }
}

const exists = (path: string): boolean => {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    // Whoever reads it will say what is wrong.
    return !(error instanceof Deno.errors.NotFound);
  }
};

/** What people are told of a file that cannot be read; Node's errors have a code. */
const REASONS = new Map<unknown, string>([
  ["ENOENT", "there is no such file"],
  ["EACCES", "permission denied"],
  ["EISDIR", "it is a directory"],
]);

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return REASONS.get("code" in error ? error.code : undefined) ?? error.message;
}
