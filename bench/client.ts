/**
 * Programs on the management side, with what they cost. A program runs in a cgroup of its own: what it leaves in the
 * background (an OpenSSH master) counts as well, and is ended with it.
 *
 * @module
 */
import type { Lab } from "../lab/mod.ts";
import { MGMT, placeOf } from "../lab/place.ts";
import { type Finished, sh, spawn, type SpawnOptions, until } from "../lab/process.ts";

export interface Cost extends Finished {
  /** When it was started, milliseconds since 1970. */
  readonly startedAt: number;
  /** From its start to its end, in milliseconds. */
  readonly ms: number;
  /** User and system time of it and all that it started, in milliseconds. */
  readonly cpuMs: number;
  /** The peak memory of the program itself (VmHWM), in MB. */
  readonly peakMb: number;
}

const SAMPLE_MS = 20;

/** Runs a program to its end; throws where it does not end with 0. */
export async function cost(lab: Lab, argv: readonly string[], options: SpawnOptions = {}): Promise<Cost> {
  const place = placeOf(lab.name);
  const cgroup = `${place.cgroup}/client-${crypto.randomUUID()}`;
  Deno.mkdirSync(cgroup);
  const enter = ["sh", "-c", 'echo 0 >"$0/cgroup.procs"; exec "$@"', cgroup];
  const startedAt = Date.now();
  const began = performance.now();
  const running = spawn([...enter, "ip", "netns", "exec", place.netns(MGMT), ...argv], options);
  let peakKb = 0;
  const sampling = setInterval(() => peakKb = Math.max(peakKb, peakOf(running.pid)), SAMPLE_MS);
  const { code, stdout, stderr } = await running.exited.finally(() => clearInterval(sampling));
  const ms = performance.now() - began;
  const cpuMs = cpuOf(cgroup);
  await Deno.writeTextFile(`${cgroup}/cgroup.kill`, "1");
  await until(
    "the program's background is gone",
    () => read(`${cgroup}/cgroup.events`).includes("populated 0"),
  );
  await sh('rmdir "$1"', [cgroup]);
  if (code !== 0) throw new Error(`${argv.join(" ")}: exit ${code}\n${stderr}${stdout}`);
  return { code, stdout, stderr, startedAt, ms, cpuMs, peakMb: peakKb / 1024 };
}

/** CPU of a cgroup so far, in milliseconds. */
export const cpuOf = (cgroup: string): number =>
  Number(/^usage_usec (\d+)$/m.exec(read(`${cgroup}/cpu.stat`))?.[1] ?? NaN) / 1000;

const peakOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);

/** Empty once a process is gone. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
