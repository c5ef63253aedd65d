/**
 * What authors import, as files for their folder: JavaScript that runs their tests, and declarations that complete and
 * check in any editor. Made of the sources by the TypeScript compiler; an executable, which has neither, carries what
 * this module gives (scripts/compile puts it in), so nothing generated is committed and nothing can be out of date.
 *
 * @module
 */
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import about from "../../deno.json" with { type: "json" };
import { entries } from "./entries.ts";

/** Paths and texts of all files of the library. */
export function library(): Readonly<Record<string, string>> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(about.compilerOptions, root).options,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts"],
    types: [],
    declaration: true,
    rewriteRelativeImportExtensions: true,
    paths: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, [`${root}${path}`]])),
  };
  const emitted = new Map<string, string>();
  const program = ts.createProgram(Object.values(entries).map((path) => `${root}${path}`), {
    ...options,
    rootDir: root,
    outDir: root,
  });
  program.emit(undefined, (path, text) => {
    emitted.set(relative(root, path), path.endsWith(".d.ts") ? declared(text) : text);
  });
  const files: Record<string, string> = {};
  const types = declarationsOf(emitted);
  for (const [name, text] of emitted) {
    if (name.endsWith(".d.ts")) {
      if (types.has(name)) files[name] = text;
      continue;
    }
    files[name] = types.has(typesOf(name))
      ? `// @ts-self-types="./${basename(typesOf(name))}"\n${text}`
      : text;
    for (const [, path = ""] of text.matchAll(/ from "(\.[^"]*\.sh)"/g)) {
      const shell = join(dirname(name), path);
      files[shell] = Deno.readTextFileSync(`${root}${shell}`);
    }
  }
  return files;
}

const typesOf = (name: string): string => name.replace(/\.[jt]s$/, ".d.ts");

/** The declarations that the entries reach: those of the engine itself are no author's. */
function declarationsOf(emitted: ReadonlyMap<string, string>): ReadonlySet<string> {
  const reached = new Set(Object.values(entries).map(typesOf));
  for (const name of reached) {
    const text = emitted.get(name) ?? "";
    for (const [, path = ""] of text.matchAll(/(?:from|import\()\s*"(\.[^"]*)"/g)) {
      reached.add(typesOf(join(dirname(name), path)));
    }
  }
  return reached;
}

/** The compiler leaves the endings of the sources in declarations, where no source will be. */
const declared = (text: string): string =>
  text.replaceAll(/((?:from|import\()\s*")(\.[^"]*)\.ts"/g, '$1$2.js"');
