/**
 * One file that unpacks itself: the shell lines of `stub.sh`, the bundle, and npm's archive of the runtime as it is.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { permissions, sealed } from "./permissions.ts";
import { must } from "./process.ts";
import type { Machine } from "./runtime.ts";
import stub from "./stub.sh" with { type: "text" };

export interface Parts {
  readonly version: string;
  readonly machine: Machine;
  /** A folder with the bundle's files. */
  readonly bundle: string;
  /** npm's archive. */
  readonly runtime: string;
}

/** Writes the executable. The same parts give the same bytes. */
export async function selfExtracting(path: string, parts: Parts): Promise<void> {
  const { version, machine } = parts;
  const names = [...Deno.readDirSync(parts.bundle)].filter((entry) => entry.isFile).map((entry) => entry.name)
    .sort();
  const code = await archive(await lazily(parts.bundle, names), names);
  const payload = concat([code, await Deno.readFile(parts.runtime)]);
  const sum = createHash("sha256").update(payload).digest("hex");
  const head = headOf(payload.length, {
    version,
    machine: machine.uname,
    loader: machine.loader,
    // Of all that is unpacked, so that two builds of one version keep apart.
    key: `${version}-${sum.slice(0, 16)}`,
    pieces: String(names.length),
    flags: [...sealed, ...permissions].map(quoted).join(" "),
    code: String(code.length),
    sum,
  });
  await Deno.writeFile(path, concat([head, payload]), { mode: 0o755 });
  // The mode of a file that was there stays, and a umask takes bits away.
  await Deno.chmod(path, 0o755);
}

/**
 * Of these files a copy beside them whose files are read when they are asked for. Deno reads at each start whatever an
 * import of a literal may come to ask for, and that are all files, of which a command needs a third; ten milliseconds of 40.
 */
async function lazily(folder: string, names: readonly string[]): Promise<string> {
  const copy = await Deno.makeTempDir({ dir: folder, prefix: "lazy-" });
  for (const name of names) {
    const code = await Deno.readTextFile(`${folder}/${name}`);
    const lazy = code.replaceAll(
      /\bimport\("\.\/([^"]+)"\)/g,
      (whole, piece) => names.includes(piece) ? `import(["./${piece}"][0])` : whole,
    );
    await Deno.writeTextFile(`${copy}/${name}`, lazy, { mode: 0o644 });
  }
  return copy;
}

/** The shell lines, which tell how long they and the whole file are. */
function headOf(payload: number, values: Readonly<Record<string, string>>): Uint8Array {
  let begin = 0;
  for (;;) {
    const all: Record<string, string> = { ...values, begin: String(begin), size: String(begin + payload) };
    const text = stub.replaceAll(/@(\w+)@/g, (whole, name: string) => all[name] ?? whole);
    const bytes = new TextEncoder().encode(text);
    if (bytes.length === begin) return bytes;
    begin = bytes.length;
  }
}

const quoted = (word: string): string => /^[\w=,./-]+$/.test(word) ? word : `'${word}'`;

/** A gzip'ed tar without names of users and times. */
async function archive(folder: string, names: readonly string[]): Promise<Uint8Array> {
  const file = await Deno.makeTempFile({ prefix: "quorate-", suffix: ".tar.gz" });
  try {
    const plain = ["--format=ustar", "--owner=0", "--group=0", "--numeric-owner", "--mode=go=", "--mtime=@0"];
    await must(["tar", "-cf", file, ...plain, "-I", "gzip -n9", "-C", folder, "--", ...names]);
    return await Deno.readFile(file);
  } finally {
    await Deno.remove(file);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
