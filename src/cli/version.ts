import about from "../../deno.json" with { type: "json" };

/** Put in by the bundler: what the executable was made of. */
declare const QUORATE_COMMIT: string;

export const VERSION: string = about.version;

/** How this process came to be: `scripts/compile.ts` makes two kinds of executables. */
export type Kind = "deno compile" | "self-extracting" | "from source";
export const KIND: Kind = typeof QUORATE_COMMIT === "undefined"
  ? "from source"
  : Deno.build.standalone
  ? "deno compile"
  : "self-extracting";

/** What `quorate --version` prints. */
export function versionText(): string {
  const commit = KIND === "from source" ? "" : `commit ${QUORATE_COMMIT}, `;
  return `quorate ${VERSION} (${commit}Deno ${Deno.version.deno}, ${KIND})`;
}
