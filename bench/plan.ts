/**
 * Planning alone, without a host: 1,000 services of five members with one change each; and reading the config that names
 * as many.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import * as v from "valibot";
import { stringify } from "yaml";
import { etcd } from "../plugins/etcd/mod.ts";
import { classify } from "../src/classify/classify.ts";
import { loadConfig } from "../src/config/load.ts";
import { optionsSchema } from "../src/config/options.ts";
import { targetsOf } from "../src/config/targets.ts";
import type { HostNode } from "../src/model/node.ts";
import { type Observation, type Target, voters } from "../src/model/observation.ts";
import { planService } from "../src/plan/plan.ts";
import { sampleCase, sampleCluster, samplePolicy } from "../src/plan/sample.ts";
import type { Row } from "./rows.ts";

const SERVICES = 1_000;
const MEMBERS = 5;

/** What is desired of six nodes, and what is seen on them. */
const changes:
  readonly ((nodes: readonly HostNode[]) => readonly [HostNode[], (t: Target) => Observation])[] = [
    (n) => [n.slice(0, 5), (t) => sampleCluster(t, n.slice(0, 4))],
    (n) => [n.slice(0, 4), (t) => sampleCluster(t, n.slice(0, 5))],
    (n) => [[...n.slice(0, 4), ...n.slice(5)], (t) => sampleCluster(t, n.slice(0, 5))],
    (n) => [n.slice(0, 5), (t) => sampleCase(t, "repairCrashed").seen],
    (n) => [n.slice(0, 5), (t) => sampleCase(t, "repairWiped").seen],
  ];

export async function plan(rounds = 5): Promise<readonly Row[]> {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, config());
  const planning: Timed[] = [], reading: Timed[] = [];
  for (let round = 0; round < rounds; round++) {
    const all = samples();
    planning.push(await timed(() => planAll(all)));
    reading.push(await timed(() => read(file)));
  }
  await Deno.remove(file);
  const what = `${SERVICES} services × ${MEMBERS}`;
  return [
    { what: `plan ${what}: wall`, unit: "ms", ours: planning.map((t) => t.ms), budget: { most: 1_000 } },
    { what: `plan ${what}: CPU`, unit: "ms", ours: planning.map((t) => t.cpuMs) },
    { what: `read a config of ${what}: wall`, unit: "ms", ours: reading.map((t) => t.ms) },
    { what: `read a config of ${what}: CPU`, unit: "ms", ours: reading.map((t) => t.cpuMs) },
  ];
}

async function read(path: string): Promise<void> {
  const { config } = await loadConfig({ env: {}, cwd: "/", path }, [etcd]);
  if (config === undefined || targetsOf(config).length !== SERVICES) {
    throw new Error(`${path} was not read`);
  }
}

interface Sample {
  readonly target: Target;
  readonly seen: Observation;
}

function samples(): readonly Sample[] {
  return Array.from({ length: SERVICES }, (_, i) => {
    const nodes = Array.from({ length: MEMBERS + 1 }, (_, j) => node(`s${i}-n${j + 1}`, i, j));
    const [desired, seen] = changes[i % changes.length]?.(nodes) ?? [[], () => sampleCluster(target, [])];
    const target: Target = { service: `s${i}`, desired, nodes, policy: samplePolicy };
    return { target, seen: seen(target) };
  });
}

const address = (service: number, at: number) => `10.${service >> 5}.${service & 31}.${at + 1}`;
const node = (name: string, service: number, at: number): HostNode => ({
  name,
  host: name,
  address: address(service, at),
  labels: {},
});

function planAll(all: readonly Sample[]): void {
  const options = v.parse(optionsSchema(etcd.options), {});
  for (const { target, seen } of all) {
    const service = etcd.bind({ name: target.service, options, nodes: target.nodes });
    const memory = { attempts: {} };
    const removals = { done: 0, votersAtStart: voters(seen).length };
    const verdict = classify({
      target,
      seen,
      memory,
      judge: service,
      wallMs: 1_000_000,
      token: "<token>",
      removals,
      patient: false,
    });
    const { changes, refusals } = planService(service, target, { seen, verdict, memory, wallMs: 1_000_000 });
    if (changes.length !== 1 || refusals.length > 0) {
      throw new Error(`${target.service}: ${changes.length} changes, ${JSON.stringify(refusals)}`);
    }
  }
}

interface Timed {
  readonly ms: number;
  /** User and system time of this process, in milliseconds: what a busy machine does not change. */
  readonly cpuMs: number;
}

async function timed(work: () => void | Promise<void>): Promise<Timed> {
  const began = performance.now(), before = cpuUsage();
  await work();
  const { user, system } = cpuUsage(before);
  return { ms: performance.now() - began, cpuMs: (user + system) / 1000 };
}

function config(): string {
  const each = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  return stringify({
    version: 1,
    nodes: Object.fromEntries(
      each(SERVICES, (i) => each(MEMBERS, (j) => [`s${i}-n${j + 1}`, { host: address(i, j) }])).flat(),
    ),
    services: Object.fromEntries(
      each(SERVICES, (i) => [`s${i}`, { plugin: "etcd", members: each(MEMBERS, (j) => `s${i}-n${j + 1}`) }]),
    ),
  });
}
