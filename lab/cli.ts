/**
 * `deno task lab`: test hosts for a person.
 *
 * @module
 */
import { claim, cleanUp, labNames } from "./cleanup.ts";
import { Host } from "./host.ts";
import { labUp } from "./mod.ts";
import { exists, MGMT, type Place, placeOf } from "./place.ts";
import { attached } from "./process.ts";

const USAGE =
  `deno task lab up [hosts] [--etcd 3.4|3.5] [--bare] [--zookeeper]   start hosts that stay (3 unless told)
deno task lab list                                   labs and their hosts
deno task lab shell <host>                           a root shell on a host
deno task lab run <program> [argument …]             a program on the management side, where n1, n2, … have names
deno task lab down                                   end the hosts; nothing stays
Every command takes --name <lab>, run before its program ("lab" unless told).`;

async function main(args: string[]): Promise<number> {
  const at = args.indexOf("--name");
  const own = at >= 0 && (at < 2 || args[0] !== "run");
  const [, name = "lab"] = own ? args.splice(at, 2) : [];
  const place = placeOf(name);
  const [verb, ...rest] = args;
  if (verb === "up") return await up(place, rest);
  if (verb === "list") return list();
  if (verb === "down") return down(place);
  const [first] = rest;
  if (verb === "shell" && first) {
    return await attached([...await new Host(place, first, "", {}).enter(), "bash", "-l"]);
  }
  if (verb === "run" && first) return await attached(["ip", "netns", "exec", place.netns(MGMT), ...rest]);
  console.error(USAGE);
  return verb === undefined || verb === "help" || verb === "--help" ? 0 : 64;
}

async function up(place: Place, args: string[]): Promise<number> {
  const etcd = args.includes("--etcd") ? args.splice(args.indexOf("--etcd"), 2)[1] : "3.4";
  const bareBinary = args.includes("--bare") && args.splice(args.indexOf("--bare"), 1).length > 0;
  const java = args.includes("--zookeeper") && args.splice(args.indexOf("--zookeeper"), 1).length > 0;
  const hosts = Number(args.shift() ?? 3);
  if (
    (etcd !== "3.4" && etcd !== "3.5") || !(hosts >= 1) ||
    args.length > 0
  ) {
    console.error(USAGE);
    return 64;
  }
  const zookeeper = java ? { zookeeper: "3.8" } as const : {};
  const lab = await labUp({ name: place.name, hosts, etcd, bareBinary, ...zookeeper, keep: true });
  for (const { name, address } of lab.hosts) console.log(`${name}\t${address}`);
  console.error(`key and known_hosts: ${lab.dir}`);
  return 0;
}

function list(): number {
  for (const place of labNames().map(placeOf)) {
    const hosts = exists(`${place.root}/hosts`) ? [...Deno.readDirSync(`${place.root}/hosts`)] : [];
    console.log(`${place.name}\t${hosts.map((host) => host.name).sort().join(" ")}`);
  }
  return 0;
}

function down(place: Place): number {
  const held = claim(place, "cleaner");
  if (!held) throw new Error(`Lab "${place.name}" belongs to a running process: end that one`);
  try {
    cleanUp(place);
  } finally {
    held.release();
  }
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main([...Deno.args]));
  } catch (error) {
    console.error(`lab: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
