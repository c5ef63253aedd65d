/**
 * Plays a range of seeds on several processes and prints a summary: `deno task sim FIRST LAST [JOBS] [--service zookeeper|static|adopted]`. The first seed
 * that violates an invariant is told with the end of its timeline, and ends the script with 1.
 *
 * @module
 */
import { playSchedule } from "../src/sim/schedule.ts";
import { noTally, rowsOf, type Tally, tallyOf, together } from "../src/sim/tally.ts";
import { subjects } from "../test/sim/subject.ts";

const CHUNK = 250;
const STORY_LINES = 60;

interface Played {
  readonly tally: Tally;
  readonly violation: { readonly seed: number; readonly story: readonly string[] } | undefined;
}

const service = (["zookeeper", "static", "adopted"] as const).find((name) => Deno.args.includes(name)) ??
  "etcd";
const [first = 1, last = 1000, jobs = navigator.hardwareConcurrency] = Deno.args
  .filter((a) => a !== "--part" && a !== "--service" && a !== service).map(Number);
if (![first, last, jobs].every((n) => Number.isInteger(n) && n > 0) || last < first) {
  console.error("Name the first and the last seed, and how many processes: deno task sim 1 100000 2");
  Deno.exit(64);
}

if (Deno.args.includes("--part")) {
  const subject = subjects[service]();
  let played: Played = { tally: noTally, violation: undefined };
  for (let seed = first; seed <= last && played.violation === undefined; seed++) {
    const schedule = await playSchedule(subject, seed);
    const { violation } = schedule;
    played = {
      tally: together(played.tally, tallyOf(schedule)),
      violation: violation === undefined ? undefined : {
        seed,
        story: [...schedule.trace.slice(-STORY_LINES), `${violation.invariant}: ${violation.story}`],
      },
    };
  }
  console.log(JSON.stringify(played));
} else Deno.exit(await playAll());

async function playAll(): Promise<number> {
  const began = performance.now();
  let next = first;
  let tally = noTally;
  const violations: NonNullable<Played["violation"]>[] = [];
  const work = async (): Promise<void> => {
    while (next <= last && violations.length === 0) {
      const from = next;
      const to = next = Math.min(last + 1, from + CHUNK);
      const played = await part(from, to - 1);
      tally = together(tally, played.tally);
      if (played.violation !== undefined) violations.push(played.violation);
      const rate = Math.round(tally.schedules / ((performance.now() - began) / 60_000));
      if (Deno.stderr.isTerminal()) {
        Deno.stderr.writeSync(
          new TextEncoder().encode(`\r${tally.schedules} of ${last - first + 1}, ${rate} a minute\x1b[K`),
        );
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
  const minutes = (performance.now() - began) / 60_000;
  for (const { count, what } of rowsOf(tally)) {
    console.log(count === undefined ? what : `${String(count).padStart(10)}  ${what}`);
  }
  console.log(
    `${Math.round(tally.schedules / minutes)} schedules a minute on ${jobs} ${
      jobs === 1 ? "process" : "processes"
    }, ${minutes.toFixed(1)} minutes`,
  );
  const [worst] = violations.sort((a, b) => a.seed - b.seed);
  if (worst === undefined) {
    console.log(`seeds ${first} to ${last}: every invariant held`);
    return 0;
  }
  console.log(`\n${worst.story.join("\n")}\nseed ${worst.seed}`);
  return 1;
}

async function part(from: number, to: number): Promise<Played> {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL(import.meta.url).pathname,
      "--part",
      String(from),
      String(to),
      service,
    ],
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  const played: Played = JSON.parse(new TextDecoder().decode(stdout));
  return played;
}
