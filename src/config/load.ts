/**
 * Finds and reads the config file.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "node:path";
import type { Plugin } from "../playbook/options.ts";
import type { OwnFiles, Problem } from "./config.ts";
import { type Named, namedFiles, parseConfig, type Reading } from "./read.ts";

export interface Wanted {
  /** `-c FILE`: nowhere else is looked. */
  readonly path?: string;
  /** Of which QUORATE_CONFIG, XDG_CONFIG_HOME and HOME are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface Loaded extends Reading {
  /** The file, as it was found. */
  readonly path: string;
  /** The file's text, for rendering problems; empty where none could be read. */
  readonly text: string;
}

/** A place where the config may be; one that somebody named, or that a folder has, must be there. */
export interface Candidate {
  readonly path: string;
  readonly named?: "-c" | "$QUORATE_CONFIG" | "folder";
}

/** Where a config is looked for, in this order. */
export function candidates({ path, env }: Omit<Wanted, "cwd">): readonly Candidate[] {
  if (path !== undefined) return [{ path, named: "-c" }];
  if (env.QUORATE_CONFIG) return [{ path: env.QUORATE_CONFIG, named: "$QUORATE_CONFIG" }];
  // The XDG specification: a relative path there is invalid and must be ignored.
  const xdg = env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME)
    ? env.XDG_CONFIG_HOME
    : env.HOME && join(env.HOME, ".config");
  return [
    { path: "quorate.yaml" },
    ...(xdg ? [{ path: join(xdg, "quorate/quorate.yaml") }] : []),
    { path: "/etc/quorate/quorate.yaml" },
    { path: "/etc/quorate/conf.d" },
  ];
}

/**
 * Finds and reads the config, which is one file. What goes wrong is a problem, never thrown. `ownFiles` gives what loads
 * the playbooks and plugins that it names by a path: asked only where one is named.
 */
export async function loadConfig(
  wanted: Wanted,
  plugins: readonly Plugin[],
  ownFiles?: () => Promise<OwnFiles>,
): Promise<Loaded> {
  for (const place of candidates(wanted)) {
    const loaded = await loadFile(place, wanted.cwd, plugins, ownFiles);
    if (loaded !== undefined) return loaded;
  }
  return notFound(wanted);
}

/** Reads one file; undefined where none is and nobody named it. */
export async function loadFile(
  { path, named }: Candidate,
  cwd: string,
  plugins: readonly Plugin[],
  ownFiles?: () => Promise<OwnFiles>,
): Promise<Loaded | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(isAbsolute(path) ? path : join(cwd, path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && named === undefined) return undefined;
    return without(path, {
      message: `cannot read the config: ${reasonOf(error)}`,
      hint: named === "folder"
        ? "every .yaml and .yml of a folder is a config: mend it, or move it away"
        : named && `${named} names this file, so no other place was looked at`,
    });
  }
  const { text, problem } = decode(bytes, path);
  if (problem !== undefined) return { path, text, problems: [problem] };
  // The text is read twice only where something in it looks like such a file.
  const own = ownFiles !== undefined && text.includes(".ts")
    ? await loadOwn(text, path, cwd, ownFiles)
    : undefined;
  return { path, text, ...parseConfig(text, path, plugins, own) };
}

/** What is said where no config is. */
export const notFound = (wanted: Wanted): Loaded =>
  without("quorate.yaml", {
    message: "no config was found",
    expected: `one of ${candidates(wanted).map((p) => p.path).join(", ")}, or -c FILE, or $QUORATE_CONFIG`,
    hint: "`quorate init` writes one to start with",
  });

async function loadOwn(
  text: string,
  path: string,
  cwd: string,
  ownFiles: () => Promise<OwnFiles>,
): Promise<Named | undefined> {
  const named = namedFiles(text, path);
  if (named.plugins.length === 0 && named.playbooks.length === 0) return undefined;
  const files = await ownFiles();
  const folder = dirname(isAbsolute(path) ? path : join(cwd, path));
  const placed = (written: string) => isAbsolute(written) ? written : join(folder, written);
  const all = async <T>(list: readonly string[], load: (file: string) => Promise<T>) => {
    const loaded = new Map<string, T>();
    // One after the other: what is wrong with a file is told by the one that is being loaded.
    for (const written of list) loaded.set(written, await load(placed(written)));
    return loaded;
  };
  return {
    plugins: await all(named.plugins, (file) => files.plugin(file)),
    playbooks: await all(named.playbooks, (file) => files.playbook(file)),
  };
}

/** A problem with a file or a folder as a whole. */
export const without = (path: string, said: Pick<Problem, "message" | "expected" | "hint">): Loaded => ({
  path,
  text: "",
  problems: [{ severity: "error", path, line: 0, column: 0, ...said }],
});

/** Why a file cannot be read, as a phrase. */
export const reasonOf = (error: unknown): string =>
  error instanceof Deno.errors.NotFound
    ? "there is no such file"
    : error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable
    ? "permission denied"
    : error instanceof Deno.errors.IsADirectory
    ? "it is a directory"
    : error instanceof Error
    ? error.message
    : String(error);

/** Bytes as text without a byte order mark; the first byte that is no UTF-8 is a problem at its line. */
export function decode(
  bytes: Uint8Array,
  path: string,
): { readonly text: string; readonly problem?: Problem } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    const text = new TextDecoder().decode(bytes);
    const before = text.slice(0, text.indexOf("\uFFFD")).split("\n");
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    return {
      text,
      problem: {
        severity: "error",
        path,
        line: before.length,
        column: (before.at(-1)?.length ?? 0) + 1,
        message: "the file is not UTF-8",
        expected: "text in UTF-8",
        hint: utf16 ? "it was saved as UTF-16" : undefined,
      },
    };
  }
}
