/**
 * The executables: `dist/quorate-VERSION-linux-ARCH` for x86_64 and arm64, and their checksums.
 *
 * `deno task compile [--arch x86_64|arm64] [--out DIR] [--self-extracting]`
 *
 * @module
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import about from "../deno.json" with { type: "json" };
import { bundle } from "./compile/bundle.ts";
import { must } from "./compile/process.ts";
import { isHere, type Machine, machines, npmRuntime } from "./compile/runtime.ts";
import { selfExtracting } from "./compile/self_extracting.ts";
import { smoke } from "./compile/smoke.ts";
import { standalone } from "./compile/standalone.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const { values } = parseArgs({
  options: {
    arch: { type: "string", multiple: true },
    out: { type: "string", default: `${root}dist` },
    "self-extracting": { type: "boolean", default: false },
  },
});
const stranger = values.arch?.find((name) => machines.every((m) => m.name !== name));
if (stranger !== undefined) {
  console.error(`There is no --arch ${stranger}: name some of ${machines.map((m) => m.name).join(", ")}`);
  Deno.exit(64);
}
const wanted = machines.filter((m) => values.arch?.includes(m.name) ?? true);

const { version } = about;
await Deno.mkdir(values.out, { recursive: true });
const code = await Deno.makeTempDir({ prefix: "quorate-bundle-" });
try {
  await bundle(code, await commit());
  for (const machine of wanted) await make(machine);
  await writeSums();
} finally {
  await Deno.remove(code, { recursive: true });
}

/** One executable, by `deno compile` where that gives one that works. */
async function make(machine: Machine): Promise<void> {
  const path = `${values.out}/quorate-${version}-linux-${machine.name}`;
  // Never a half-written file under the name of a whole one.
  const part = `${path}.part`;
  const why = values["self-extracting"] ? "it was asked for" : await byDeno(machine, part);
  if (why !== undefined) {
    const runtime = await npmRuntime(machine, `${root}node_modules/.cache/quorate`);
    await selfExtracting(part, { version, machine, bundle: code, runtime });
    const wrong = isHere(machine) ? await smoke(part, version) : undefined;
    if (wrong !== undefined) {
      throw new Error(`The self-extracting ${machine.name} file does not work: ${wrong}`);
    }
  }
  await Deno.rename(part, path);
  const size = `${(Deno.statSync(path).size / 1e6).toFixed(1)} MB`;
  const kind = why === undefined ? "made by deno compile" : `self-extracting, because ${why}`;
  const tried = isHere(machine) ? "smoke test passed" : `not run: this machine is ${Deno.build.arch}`;
  console.log(`${path}\n  ${size}, ${kind}\n  ${tried}`);
}

/** Why it could not be had. */
async function byDeno(machine: Machine, path: string): Promise<string | undefined> {
  const why = await standalone(path, code, machine);
  if (why !== undefined) return `deno compile could not: ${why}`;
  if (!isHere(machine)) return undefined;
  const wrong = await smoke(path, version);
  if (wrong === undefined) return undefined;
  const given = Deno.env.get("DENORT_BIN");
  return `what deno compile made does not work${given === undefined ? "" : `, is ${given} a denort?`} (${
    wrong.split("\n")[0]
  })`;
}

/** As git knows it; what is not committed is told. */
async function commit(): Promise<string> {
  try {
    return (await must(["git", "-C", root, "describe", "--always", "--dirty=+changes", "--exclude=*"]))
      .trim();
  } catch {
    return "unknown";
  }
}

/** Of all executables of this version in the folder: one of them may have been made at another time. */
async function writeSums(): Promise<void> {
  const names = [...Deno.readDirSync(values.out)].map((entry) => entry.name)
    .filter((name) => name.startsWith(`quorate-${version}-`) && !name.endsWith(".part")).sort();
  const lines = await Promise.all(names.map(async (name) => {
    const sum = createHash("sha256").update(await Deno.readFile(`${values.out}/${name}`)).digest("hex");
    return `${sum}  ${name}\n`;
  }));
  await Deno.writeTextFile(`${values.out}/SHA256SUMS`, lines.join(""));
  console.log(`${values.out}/SHA256SUMS`);
}
