/**
 * Shell functions (POSIX sh) that the node check and the steps of a playbook call on nodes. They are sent along in
 * front of a command that calls them, so nothing has to be installed on a node. Each can be called twice; one that
 * cannot do its work says why in one line on standard error and does not return 0.
 *
 * - `quorate_write PATH MODE` writes standard input to PATH: aside, synced, renamed. Owner and mode of an existing
 *   file stay, and the former file stays beside it as `PATH.quorate-TIME`. The same content again writes nothing.
 * - `quorate_set_keys FILE KEY=VALUE…` changes keys of a file that systemd reads as `EnvironmentFile=`. Every other
 *   line stays byte for byte, a missing key is added at the end, and nothing is written where nothing differs.
 * - `quorate_mark SERVICE KEY LINE…`, `quorate_mark_place SERVICE KEY DIR LINE…` (which adds `dataPath=` and `fsId=` as
 *   they are now) and `quorate_unmark SERVICE KEY…` keep the marks that `marks.ts` reads.
 * - `quorate_latch SERVICE DIR MEMBER IDFN LINE…` marks where this member's data lies, unless it sees that it is not there.
 * - `quorate_forget SERVICE CLUSTER UNIT PROCESS DIR` takes away the marks of a cluster that was destroyed, after it has
 *   seen that the latch is of that cluster and that nothing runs.
 * - `quorate_processes COMM` prints the live processes of a name on a host that no config names yet: `PID WHERE UNIT`, where
 *   it runs being `host`, `user` or `container`, and `-` for none.
 * - `quorate_pids PROCESS UNIT DIR` prints the live processes of one service; it returns 3 where that cannot be told.
 * - `quorate_stopped UNIT PROCESS DIR` succeeds when the unit is stopped and no process is left.
 * - `quorate_set_aside DIR WHOSE IDFN UNIT PROCESS` renames a data directory to `DIR.quorate-TIME-CLUSTER-MEMBER` and leaves an
 *   empty one, after it has seen that nothing runs and that the data is WHOSE: a member id, or `pristine` (S14–S16).
 *   `IDFN DIR` prints `CLUSTER MEMBER`, then `pristine` where these are the ids of a package's default; it returns 1
 *   where there is no data, and anything else where it cannot tell, with the reason on standard error.
 * - `quorate_enable UNIT` and `quorate_disable UNIT` say whether a unit starts with each boot.
 * - `quorate_start UNIT` enables a unit, starts it, and waits until it says that it is up; otherwise it prints the end of
 *   its log and stops it.
 * - `quorate_asides PATH` prints what was set aside of a data directory whose links are resolved.
 * - `quorate_prune DIR PROCESS PATH…` deletes data that was set aside of DIR, after it has seen that newer data of the same
 *   cluster lies there and that no process uses it (S14). What is gone already is no failure.
 * - `quorate_fence UNIT SERVICE PROCESS DIR [LINE…]` stops a unit so that it does not come back, not even with a reboot
 *   (S17), sees that no process is left, and marks the node. A LINE `pristine=MEMBER` remembers what was fenced, `decider=NODE` for whom.
 *   `quorate_unfence UNIT SERVICE` takes the fence away; it neither enables nor starts the unit.
 * - `quorate_stage SERVICE UNIT DIR` sees that a service could be started: its unit is there, and an empty data directory
 *   that the unit's user owns; and lifts a fence of ours.
 * - `quorate_data_dir UNIT DIR` makes a data directory that the unit's user owns, where there is none.
 * - `quorate_next DIR` sets `quorate_next`, where data is made ready that is to take the place of DIR's, on the same disk.
 * - `quorate_succeed SERVICE UNIT PROCESS DIR IDFN WHOSE NODE [FORMER]` puts what was made ready there in place: the data of
 *   WHOSE (a member id, `pristine` or `none`) is set aside, and the latch names the new cluster, whose one voter is NODE,
 *   and the FORMER clusters, which are given up for it (S19).
 * - `quorate_part FILE OFFSET` writes a part of a file that is brought here.
 * - `quorate_start_new SERVICE UNIT DIR IDFN PROCESS` starts a first time as `new`. In one shell it sees that the intent
 *   is there, that this node was never started, that there is no data and no process; then marks it, durably, and only
 *   then starts. A mark without data means from then on that acknowledged data was lost (S1).
 *
 * @module
 */
import text from "./shell.sh" with { type: "text" };

/** All functions, as shell text. */
export const nodeShell: string = text;

/** What a shell text defines: each function's text, and the other functions that it names, whether it calls them or not. */
interface Functions {
  readonly texts: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** By the plugin's shell text: a process knows few of them, and asks for each step of each service on each node. */
const known = new Map<string, Functions>();

/** A function begins with `name() {` or `name() (` and ends with `}` or `)`, each alone at the start of a line. */
function functionsOf(pluginShell: string): Functions {
  const before = known.get(pluginShell);
  if (before !== undefined) return before;
  const texts = new Map(
    [nodeShell, pluginShell].flatMap((shell) =>
      [...shell.matchAll(/^([a-z_][a-z0-9_]*)\(\) [{(]\n[\s\S]*?^[)}]$/gm)].map((m) =>
        [m[1] ?? "", m[0]] as const
      )
    ),
  );
  const functions = {
    texts,
    names: new Map([...texts].map(([name, text]) => [name, wordsOf(text).filter((word) => texts.has(word))])),
  };
  known.set(pluginShell, functions);
  return functions;
}

const wordsOf = (shell: string): readonly string[] => shell.match(/[a-z_][a-z0-9_]*/g) ?? [];

/**
 * The functions that a command calls, and those that they call, from the node's and the plugin's shell text. A name
 * counts wherever it stands as a word, so one that is handed over as an argument comes along too.
 */
export function shellFor(commandText: string, pluginShell: string): string {
  const { texts, names } = functionsOf(pluginShell);
  const needed = new Set<string>();
  const need = (words: readonly string[]) => {
    for (const word of words) {
      if (needed.has(word) || !texts.has(word)) continue;
      needed.add(word);
      need(names.get(word) ?? []);
    }
  };
  need(wordsOf(commandText));
  return [...texts].filter(([name]) => needed.has(name)).map(([, text]) => `${text}\n`).join("");
}
