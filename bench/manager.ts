/**
 * Quorate as a process, and the configs that it is given.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { Lab } from "../lab/mod.ts";
import { type Cost, cost } from "./client.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A program of this folder or of `src`, on the runtime that all of them share. */
export const deno = (path: string, ...args: readonly string[]): string[] => [
  Deno.execPath(),
  "run",
  "-A",
  "--no-check",
  file(path),
  ...args,
];

/** The executable that `QUORATE` names, or the source on the same runtime as the peers. */
export function quorate(...args: readonly string[]): string[] {
  const executable = Deno.env.get("QUORATE");
  return executable === undefined ? deno("../src/main.ts", ...args) : [executable, ...args];
}

/** Writes a config of etcd services by name; every host of the lab is under `nodes:`, unless told. */
export async function configure(
  lab: Lab,
  services: Readonly<Record<string, readonly string[]>>,
  ssh: object = {},
  hosts: Lab["hosts"] = lab.hosts,
): Promise<string> {
  const path = `${lab.dir}/quorate-${crypto.randomUUID()}.yaml`;
  // Stabilizing is waiting by design, for both sides to leave out.
  const policy = { stabilize: "0s", deadline: "3m" };
  await Deno.writeTextFile(
    path,
    stringify({
      version: 1,
      ssh: {
        user: "root",
        identityFiles: [`${lab.dir}/id_ed25519`],
        knownHosts: [`${lab.dir}/known_hosts`],
        connectTimeout: "3s",
        ...ssh,
      },
      nodes: Object.fromEntries(hosts.map((h) => [h.name, { host: h.address }])),
      services: Object.fromEntries(
        Object.entries(services).map((
          [name, members],
        ) => [name, { plugin: "etcd", members, policy }]),
      ),
    }),
  );
  return path;
}

/** `quorate apply`; throws where it ends with another code than 0. */
export const apply = (lab: Lab, config: string, state: string, ...args: readonly string[]): Promise<Cost> =>
  cost(lab, quorate("apply", "-c", config, "--state", `${lab.dir}/${state}`, ...args));

/** The same, and throws where it finds anything to do or to say. */
export async function steadyRun(lab: Lab, config: string, state: string): Promise<Cost> {
  const ran = await apply(lab, config, state);
  if (ran.stdout + ran.stderr !== "") throw new Error(`This was no steady run:\n${ran.stdout}${ran.stderr}`);
  return ran;
}
