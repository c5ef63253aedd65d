/**
 * What tests of the executable share: one that is built for this machine, and a place of its own for each start.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { bundle } from "../../scripts/compile/bundle.ts";
import { isHere, type Machine, machines, npmRuntime } from "../../scripts/compile/runtime.ts";
import { selfExtracting } from "../../scripts/compile/self_extracting.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Start {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The machine that the tests run on. */
export function here(): Machine {
  const machine = machines.find(isHere);
  if (machine === undefined) throw new Error(`There is no executable for ${Deno.build.target}`);
  return machine;
}

/** A self-extracting file as it is given away, made in `folder`. */
export async function build(folder: string): Promise<string> {
  const runtime = await npmRuntime(here(), `${root}node_modules/.cache/quorate`);
  return await make(folder, runtime, here());
}

/**
 * The same with little in it, for tests that unpack it often: what stands for the runtime tells only that it was
 * started, and with what.
 */
export async function buildLight(folder: string, change: Partial<Machine> = {}): Promise<string> {
  Deno.mkdirSync(`${folder}/package`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/package/deno`, '#!/bin/sh\necho "started: $*"\n', { mode: 0o755 });
  const runtime = `${folder}/runtime.tgz`;
  await run("tar", { args: ["-czf", runtime, "-C", folder, "package/deno"] });
  return await make(folder, runtime, { ...here(), ...change });
}

async function make(folder: string, runtime: string, machine: Machine): Promise<string> {
  const path = `${folder}/quorate`;
  const code = await (bundled ??= bundleOnce());
  await selfExtracting(path, { version: "0.0.0-test", machine, bundle: code, runtime });
  return path;
}

let bundled: Promise<string> | undefined;
async function bundleOnce(): Promise<string> {
  const folder = scratch();
  await bundle(folder, "test");
  return folder;
}

/** Runs a program with nothing in its environment but what is given. */
export async function run(program: string, { args = [], env = {}, cwd }: Start = {}): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdin: "null",
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/**
 * Runs sh lines as root in a mount namespace of its own, where /var/cache and /var/tmp are empty. `as UID …` starts a
 * program as somebody who has no other right.
 */
export const apart = (script: string, env: Readonly<Record<string, string>>): Promise<Ran> =>
  run("unshare", {
    args: [
      "-m",
      "--propagation",
      "private",
      "sh",
      "-euc",
      `mount -t tmpfs none /var/cache; mount -t tmpfs -o mode=1777 none /var/tmp
      as() { uid=$1; shift; setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"; }
      ${script}`,
    ],
    env,
  });

/** A folder for the time of a test file, that everybody may look into. */
export function scratch(): string {
  const folder = Deno.makeTempDirSync({ prefix: "quorate-exe-" });
  Deno.chmodSync(folder, 0o755);
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return folder;
}

/** It ended before it started anything, with this said. */
export function mustRefuse({ code, out, err }: Ran, ...said: readonly RegExp[]): void {
  assert.deepEqual([code, out], [1, ""], err);
  for (const one of said) assert.match(err, one);
}

/** The builds that lie in a cache. */
export const builds = (cache: string): readonly string[] | undefined =>
  listed(cache)?.filter((name) => name !== "lock");

/** Files and folders of a folder, sorted; undefined where it is not there. */
export function listed(folder: string): readonly string[] | undefined {
  try {
    return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
