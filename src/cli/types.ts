import { dirname, isAbsolute, join } from "node:path";
import { denoJson, LIBRARY, tsconfigJson } from "../author/folder.ts";
import { library } from "../author/library.ts";
import { type Cli, EXIT, type GlobalFlags, say } from "./cli.ts";

/** `quorate types DIR`: makes a folder in which playbooks and plugins are written, checked and tested. */
export default async function types(cli: Cli, flags: GlobalFlags, folder: string): Promise<number> {
  const dir = isAbsolute(folder) ? folder : join(cli.cwd, folder);
  try {
    await Deno.remove(`${dir}/${LIBRARY}`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    for (const [name, text] of Object.entries(library())) {
      const path = `${dir}/${LIBRARY}/${name}`;
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    for (const [name, text] of [["tsconfig.json", tsconfigJson], ["deno.json", denoJson]] as const) {
      const kept = await Deno.writeTextFile(`${dir}/${name}`, text, { createNew: true }).then(
        () => false,
        (error) => {
          if (error instanceof Deno.errors.AlreadyExists) return true;
          throw error;
        },
      );
      if (kept) say(cli, flags, [[`${join(folder, name)} is there already and was left alone`]]);
    }
  } catch (error) {
    say(cli, flags, [[
      ["red", "quorate: "],
      `cannot write in ${folder}: ${error instanceof Error ? error.message : error}`,
    ]]);
    return EXIT.failed;
  }
  if (!flags.quiet) {
    say(cli, flags, [[`${folder} is ready: write a playbook.ts, then run \`quorate check playbook.ts\``]]);
  }
  return EXIT.ok;
}
