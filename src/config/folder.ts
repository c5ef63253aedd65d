/**
 * A config that is a folder: each `*.yaml` in it is a config of its own, with its own `ssh`, `nodes` and `lock`, and
 * only the services come together. So a file says all about its services, and a slip in one never holds up another's:
 * a file with an error takes no part in the run, the others do. But what it keeps stays its own: a file that would be in
 * its way without the slip is in its way with it, or else a typo would hand a living cluster to another file's members.
 *
 * Two things are no longer a file's own matter. Service names are what memory, journal and locks are kept by, so a name
 * stands in one file only; and two services that would break each other on a host do so whichever files name it. Where
 * two files disagree so, neither takes part: which of the two is meant is not for a program to guess, and the order of
 * their names would decide it by accident.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import type { Plugin } from "../playbook/options.ts";
import type { Config, NodeConfig, OwnFiles, Problem } from "./config.ts";
import { pairsOnNodes } from "./conflicts.ts";
import { candidates, type Loaded, loadFile, notFound, reasonOf, type Wanted, without } from "./load.ts";

export interface LoadedConfigs {
  /** The file or the folder, as it was found. */
  readonly path: string;
  /** In the order of their names; one, unless it is a folder. */
  readonly files: readonly Loaded[];
}

/** Finds and reads the config, a file or a folder of them. What goes wrong is a problem, never thrown. */
export async function loadConfigs(
  wanted: Wanted,
  plugins: readonly Plugin[],
  ownFiles?: () => Promise<OwnFiles>,
): Promise<LoadedConfigs> {
  for (const place of candidates(wanted)) {
    const { path } = place;
    const names = await filesIn(isAbsolute(path) ? path : join(wanted.cwd, path));
    if (names === undefined) {
      const loaded = await loadFile(place, wanted.cwd, plugins, ownFiles);
      if (loaded !== undefined) return { path, files: [loaded] };
      continue;
    }
    if (typeof names === "string") {
      return { path, files: [without(path, { message: `cannot read the folder: ${names}` })] };
    }
    if (names.length === 0) return { path, files: [without(path, EMPTY)] };
    const files: Loaded[] = [];
    // One after the other: what is wrong with a playbook is told by the one that is being loaded.
    for (const name of names) {
      const file = { path: join(path, name), named: "folder" } as const;
      files.push(await loadFile(file, wanted.cwd, plugins, ownFiles) ?? notFound(wanted));
    }
    return { path, files: together(files) };
  }
  return { path: "quorate.yaml", files: [notFound(wanted)] };
}

const EMPTY = {
  message: "there is no config in this folder",
  expected: "files whose names end in .yaml or .yml",
};

/** The names of a folder's configs, sorted; undefined where it is no folder, or why it cannot be read. */
async function filesIn(path: string): Promise<readonly string[] | string | undefined> {
  try {
    if (!(await Deno.stat(path)).isDirectory) return undefined;
  } catch {
    return undefined; // who reads it as a file says what is wrong with it
  }
  try {
    const names = (await Array.fromAsync(Deno.readDir(path))).map((entry) => entry.name);
    return names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  } catch (error) {
    return reasonOf(error);
  }
}

/** What files say against each other; those that do lose their config. */
export function together(files: readonly Loaded[]): readonly Loaded[] {
  const problems = new Map<Loaded, Problem[]>();
  const add = (file: Loaded, ...at: Parameters<NonNullable<Loaded["problemAt"]>>): void => {
    const problem = file.problemAt?.(...at);
    if (problem !== undefined) problems.set(file, [...problems.get(file) ?? [], problem]);
  };

  const byName = new Map<string, readonly Loaded[]>();
  for (const file of files) {
    for (const { name } of claimsOf(file)?.services ?? []) {
      byName.set(name, [...byName.get(name) ?? [], file]);
    }
  }
  for (const [name, twice] of byName) {
    for (const file of twice) {
      const others = twice.filter((other) => other !== file).map((other) => other.path);
      if (others.length === 0) continue;
      add(file, ["services", name], {
        message: `${name} is a service of ${others.join(", ")} as well`,
        expected: "a name of its own: memory, journal and locks are kept by it",
      }, "key");
    }
  }

  const once = (name: string): Loaded | undefined =>
    byName.get(name)?.length === 1 ? byName.get(name)?.[0] : undefined;
  const placed = files.flatMap((file) =>
    (claimsOf(file)?.services ?? []).map((service) => ({
      ...service,
      // By the machine, whatever the file calls it.
      members: service.members.map((m) => ({ ...m, name: machineOf(claimsOf(file), m.name) })),
    }))
  );
  for (const { services: [a, b], finding } of pairsOnNodes(placed)) {
    const [first, second] = [once(a), once(b)];
    if (first === undefined || second === undefined || first === second) continue;
    for (const [file, name, other] of [[first, a, second], [second, b, first]] as const) {
      add(file, ["services", name], { ...finding.said, hint: `the other one is in ${other.path}` }, "key");
    }
  }
  for (const torn of files.filter((file) => claimsOf(file) === undefined)) {
    for (const file of files) {
      for (const { name, members } of file.config?.services ?? []) {
        const shared = members.find(({ host }) => names(torn.text, host));
        if (shared === undefined) continue;
        add(file, ["services", name], {
          message: `${torn.path} names ${shared.host} as well, and what it keeps there cannot be made out`,
          expected: "that file without its errors",
        }, "key");
      }
    }
  }
  return files.map((file) => {
    const more = problems.get(file);
    return more === undefined
      ? file
      : { path: file.path, text: file.text, problems: [...file.problems, ...more] };
  });
}

const names = (text: string, host: string): boolean =>
  new RegExp(`(?<![\\w.-])${host.replaceAll(/[^\w-]/g, "\\$&")}(?![\\w.-])`, "i").test(text);

/** What a file keeps, or would keep without its errors. */
const claimsOf = (file: Loaded): Config | undefined => file.config ?? file.claims;

const machineOf = (config: Config | undefined, name: string): string => {
  const node = config?.nodes.find((n) => n.name === name);
  return node === undefined ? name : loginOf(node);
};
/** Where SSH goes. */
const loginOf = ({ host, ssh }: NodeConfig): string =>
  ssh.port === undefined || ssh.port === 22 ? host.toLowerCase() : `${host.toLowerCase()} port ${ssh.port}`;
