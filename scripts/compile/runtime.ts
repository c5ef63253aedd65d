/**
 * The Deno runtime as npm has it, for each architecture.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { must } from "./process.ts";

/** An architecture that there is an executable for. */
export interface Machine {
  /** In the executable's file name. */
  readonly name: "x86_64" | "arm64";
  /** As `uname -m` says it. */
  readonly uname: string;
  /** `e_machine` in the head of an ELF file. */
  readonly elf: number;
  readonly target: string;
  /** Where glibc's loader is: what the runtime asks for. */
  readonly loader: string;
  readonly npm: string;
  /** Of npm's archive, as the registry tells it too: a release must not change by itself. */
  readonly integrity: string;
}

export const DENO = "2.9.5";

export const machines: readonly Machine[] = [
  {
    name: "x86_64",
    uname: "x86_64",
    elf: 62,
    target: "x86_64-unknown-linux-gnu",
    loader: "/lib64/ld-linux-x86-64.so.2",
    npm: "@deno/linux-x64-glibc",
    integrity:
      "sha512-TDqcnoLe3jlgqYEQm7H7MK6q0JOth+o8iSZzknRODnVkJfPiNnjVn1M1Zc6vnp+ipkyb6Av1/CUlHgHtlq59Gw==",
  },
  {
    name: "arm64",
    uname: "aarch64",
    elf: 183,
    target: "aarch64-unknown-linux-gnu",
    loader: "/lib/ld-linux-aarch64.so.1",
    npm: "@deno/linux-arm64-glibc",
    integrity:
      "sha512-IuYjsz9PGl7CJcNXMuN27KNDB8Q40brK3SG3l+TXMDVW61ZKwcn0fQHBHnXFiiygEwI8by/fKnASEluhZB1atw==",
  },
];

export const isHere = (machine: Machine): boolean => machine.target === Deno.build.target;

/** npm's archive of the runtime, kept in `folder` for the next time; throws where it is not the one that is pinned. */
export async function npmRuntime(machine: Machine, folder: string): Promise<string> {
  const path = `${folder}/${machine.npm.replace("@", "").replace("/", "-")}-${DENO}.tgz`;
  if (await isPinned(path, machine)) return path;
  await Deno.mkdir(folder, { recursive: true });
  // Others may fetch it at the same time: each to a folder of its own, and the whole file is moved.
  const part = await Deno.makeTempDir({ dir: folder });
  try {
    const spec = `${machine.npm}@${DENO}`;
    await must(["npm", "pack", spec, "--silent", "--prefer-offline", "--pack-destination", part]);
    const fetched = `${part}/${basename(path)}`;
    if (!await isPinned(fetched, machine)) {
      throw new Error(
        `What npm gives as ${spec} is not the archive that is pinned here, ${machine.integrity}`,
      );
    }
    await Deno.rename(fetched, path);
    return path;
  } finally {
    await Deno.remove(part, { recursive: true });
  }
}

async function isPinned(path: string, { integrity }: Machine): Promise<boolean> {
  try {
    const sum = createHash("sha512").update(await Deno.readFile(path)).digest("base64");
    return integrity === `sha512-${sum}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
