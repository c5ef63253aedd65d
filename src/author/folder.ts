/**
 * An author's folder: the library, and what tells an editor, `tsc` and Deno where it is.
 *
 * @module
 */
import { entries } from "./entries.ts";

/** Where the library lies in an author's folder. */
export const LIBRARY = ".quorate";

const compilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
} as const;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const js = (path: string): string => `./${LIBRARY}/${path.replace(/\.ts$/, ".js")}`;

/** For Deno: completion, `deno check`, `deno test`. */
export const denoJson: string = json({
  imports: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, js(path)])),
  compilerOptions,
  exclude: [`${LIBRARY}/`],
});

/** For `tsc` and for editors that ask it. Tests are for Deno: they need its own types. */
export const tsconfigJson: string = json({
  compilerOptions: {
    ...compilerOptions,
    target: "esnext",
    lib: ["esnext"],
    module: "preserve",
    moduleResolution: "bundler",
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    types: [],
    paths: Object.fromEntries(
      Object.entries(entries).map(([name, path]) => [name, [js(path).replace(/\.js$/, ".d.ts")]]),
    ),
  },
  include: ["**/*.ts"],
  exclude: [LIBRARY, "**/*_test.ts"],
});
