/**
 * The main job on real hosts of this machine: containers with systemd, sshd and etcd, of which Quorate makes a cluster
 * of three, lets it grow, repairs it, replaces a dead host and lets it shrink, while a client writes. Where real hosts
 * cannot be had it says why and shows the same on simulated ones.
 *
 * `deno task demo [--simulated] [--service zookeeper]`
 *
 * @module
 */
import { ink, type Line } from "../src/report/lines.ts";
import { play } from "./demo/acts.ts";
import { realStage } from "./demo/real.ts";
import { simulatedStage } from "./demo/simulated.ts";
import type { Stage } from "./demo/stage.ts";
import { warm } from "./warm.ts";

const HOSTS = 6;
const terminal = Deno.stdout.isTerminal() && Deno.stderr.isTerminal();
const colour = terminal && !Deno.noColor;
const bytes = new TextEncoder();
const write = (text: string): void => {
  for (let left = bytes.encode(text); left.length > 0;) left = left.subarray(Deno.stdout.writeSync(left));
};
const print = (lines: readonly Line[]): void => write(ink(lines, colour));

const args = [...Deno.args];
const at = args.indexOf("--service");
const [, service = "etcd"] = at < 0 ? [] : args.splice(at, 2);
const unknown = args.find((arg) => arg !== "--simulated");
if (unknown !== undefined || (service !== "etcd" && service !== "zookeeper")) {
  console.error(
    unknown !== undefined
      ? `demo: there is no ${unknown}; it takes --simulated, --service etcd or zookeeper, or nothing`
      : `demo: there is no service ${service}; it is etcd or zookeeper`,
  );
  Deno.exit(64);
}

const kind = service;
async function real(): Promise<Stage | undefined> {
  print([
    ["Six real hosts in network namespaces of their own; what is missing is installed from Debian first …"],
  ]);
  try {
    await warm();
    return await realStage(HOSTS, kind);
  } catch (error) {
    const why = error instanceof Error ? error.message : `${error}`;
    print([
      [["yellow", "Real hosts cannot be started here:"]],
      ...why.trimEnd().split("\n").map((line): Line => [`  ${line}`]),
    ]);
    return undefined;
  }
}

function simulated(): Stage {
  print([
    [
      ["bold", "SIMULATED HOSTS"],
      ": the engine, the rules and the playbook are the real ones; the hosts, their",
    ],
    ["network, their service, the client and the time exist only in memory."],
  ]);
  const screen = { write, size: () => Deno.consoleSize(), colour };
  return simulatedStage(HOSTS, kind, print, terminal ? screen : undefined);
}

await using stage = Deno.args.includes("--simulated") ? simulated() : await real() ?? simulated();
await play(stage, print);
