/**
 * Writes the pages in docs/ that are made of the program itself: `deno task docs`. A test holds them to it.
 *
 * @module
 */
import { casesPage } from "./docs/cases.ts";
import { configPage } from "./docs/config.ts";
import { manPage } from "./docs/man.ts";
import { formatted } from "./docs/markdown.ts";

/** The pages as they should be, by their names in docs/. */
export async function pages(): Promise<Readonly<Record<string, string>>> {
  const [config, cases, man] = await Promise.all([configPage(), casesPage(), manPage()]);
  return {
    "config.md": await formatted(config),
    "cases.md": await formatted(cases),
    "quorate.1": man,
  };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await pages())) {
    await Deno.writeTextFile(new URL(`../docs/${name}`, import.meta.url), text);
  }
}
