/**
 * What is done to the hosts of a service, and what `apply` must make of it: repaired with every key, or the right named
 * refusal and nothing touched. What a refusal says would help is then done, and has to help.
 *
 * @module
 */
import assert from "node:assert/strict";
import { eventsOf } from "./crash.ts";
import type { Managed } from "./managed.ts";

const THREE = ["n1", "n2", "n3"] as const;
const LOST = "/root/lost";

type Ends =
  | { readonly cases: readonly string[] }
  | { readonly code: number; readonly rule: string; readonly evidence: RegExp };

interface Row {
  readonly name: string;
  /** To whom it is done. */
  readonly to: (leader: string, others: readonly [string, string]) => readonly string[];
  readonly harm: "kill" | "wipe" | "reborn" | "bare";
  readonly ends: Ends;
  /** A refusal's own way out: how many get their data back, and what `apply` does then. @default the row ends there */
  readonly back?: { readonly hosts: number; readonly cases: readonly string[] };
}

const lost = (able: number): Ends => ({
  code: 4,
  rule: "S19",
  evidence: new RegExp(`2 of 3 are needed, ${able} ha(s|ve) own data[^]*data is gone[^]*never forced`),
});

/** The last two cannot be undone. */
const rows: readonly Row[] = [
  {
    name: "kill the leader",
    to: (leader) => [leader],
    harm: "kill",
    ends: { cases: ["repairCrashed"] },
  },
  {
    name: "kill a majority, the leader with it",
    to: (leader, [one]) => [leader, one],
    harm: "kill",
    ends: { cases: ["restart"] },
  },
  {
    name: "wipe one, the leader",
    to: (leader) => [leader],
    harm: "wipe",
    ends: { cases: ["repairWiped"] },
  },
  {
    name: "wipe one, which is started on its empty disk before anybody looks",
    to: (_leader, [one]) => [one],
    harm: "reborn",
    ends: { cases: ["repairWiped"] },
  },
  {
    name: "wipe a majority",
    to: (_leader, others) => others,
    harm: "wipe",
    ends: lost(1),
    back: { hosts: 1, cases: ["restart", "repairWiped"] },
  },
  {
    name: "stop and wipe all",
    to: (leader, others) => [leader, ...others],
    harm: "wipe",
    ends: lost(0),
  },
  {
    name: "wipe all, and what Quorate left there: the manager remembers",
    to: (leader, others) => [leader, ...others],
    harm: "bare",
    ends: { code: 3, rule: "S1", evidence: /has seen \w+ formed .* no host shows a trace/ },
  },
];

/** Plays the rows on three hosts, one after the other. */
export async function killAndWipe(site: Managed): Promise<void> {
  const { lab, unit, data } = site;
  const config = await site.config(THREE);
  const each = (hosts: readonly string[], script: string) =>
    Promise.all(hosts.map((host) => lab.must(host, script)));
  // A unit that restarts what ends so must not get the better of it.
  const kill = `systemctl kill -s KILL ${unit}; systemctl stop ${unit}`;
  // Moved, so that it can be brought back.
  const wipe =
    `${kill}; rm -rf ${LOST}; mkdir ${LOST} && find ${data} -mindepth 1 -maxdepth 1 -exec mv -t ${LOST} {} +`;
  // It knows who it is, and not what it voted for: etcd ends in a panic, ZooKeeper misses its id.
  const reborn =
    `${wipe}; ${site.opened()}; systemctl start --no-block ${unit}; for i in $(seq 100); do sleep 0.2
    case $(systemctl show -p ActiveState,SubState --value ${unit} | tr '\\n' -) in failed-*|*auto-restart-) exit 0; esac
    done; exit 1`;
  const harms = { kill, wipe, reborn, bare: "rm -rf /var/lib/quorate" };

  const keys: string[] = [];
  const note = async (key: string): Promise<void> => {
    assert.ok(await site.note("n1", key), `${key} is acknowledged`);
    keys.push(key);
  };
  /** The service's own client is the witness, through each of the members. */
  const whole = async (): Promise<void> => {
    await site.mustBe(...THREE);
    assert.deepEqual([...await site.noted("n1")].sort(), keys.toSorted(), "every key that was acknowledged");
  };
  const applies = async () => {
    const { code, out, err } = await site.quorate(config, "apply", "-o", "json");
    const events = eventsOf(out);
    return {
      told: `${out}${err}`,
      code,
      cases: events.flatMap((e) => e.event === "changeDone" ? [e.case] : []),
      refusals: events.flatMap((e) =>
        e.event === "refused" ? e.refusals : e.event === "quorumLost" ? [e.refusal] : []
      ),
    };
  };
  const repaired = async (cases: readonly string[]): Promise<void> => {
    const ran = await applies();
    assert.deepEqual({ code: ran.code, cases: ran.cases }, { code: 0, cases }, ran.told);
    await whole();
  };

  await site.apply(config);
  let before: { readonly leader: string; readonly others: readonly [string, string] } | undefined;
  for (const [at, row] of rows.entries()) {
    const began = performance.now();
    try {
      // Nobody leads any more where the row before cannot be undone.
      if (row.harm !== "bare") {
        await note(`row-${at}`);
        const leader = await site.leader(THREE);
        const [one = "", two = ""] = THREE.filter((host) => host !== leader);
        before = { leader, others: [one, two] };
      }
      assert.ok(before);
      const hosts = row.to(before.leader, before.others);
      await each(hosts, harms[row.harm]);
      const { ends } = row;
      if ("cases" in ends) {
        await repaired(ends.cases);
      } else {
        const untouched = await site.revisions();
        const ran = await applies();
        assert.deepEqual({ code: ran.code, cases: ran.cases }, { code: ends.code, cases: [] }, ran.told);
        assert.ok(
          ran.refusals.some((r) => r.rule === ends.rule && ends.evidence.test(`${r.evidence}; ${r.unblock}`)),
          ran.told,
        );
        assert.equal(await site.revisions(), untouched, "nothing was touched");
      }
      if (row.back !== undefined) {
        await each(
          hosts.slice(0, row.back.hosts),
          `find ${LOST} -mindepth 1 -maxdepth 1 -exec mv -t ${data} {} +`,
        );
        await repaired(row.back.cases);
      }
    } catch (error) {
      throw new Error(`${unit}, ${row.name}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
    console.log(`${unit}: ${row.name}: ${Math.round(performance.now() - began)} ms`);
  }
}
