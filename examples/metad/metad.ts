/**
 * A plugin of one's own, whole: it keeps metad, the small metadata service beside it. It holds no I/O: it gives shell
 * text to run on a node, reads the answers, and has a playbook.
 *
 * @module
 */
import { definePlugin, type Late, quote } from "quorate";
import { type Metad, spec, urlOf } from "./options.ts";
import { metadPlaybook } from "./playbook.ts";
import { readMetad, readPeers } from "./read.ts";

/**
 * Whose data lies in a directory, read without metad: its identity is the last thing that it writes of a first start, so
 * what lies there without one was never anybody's.
 */
const SHELL = `metad_disk_id() {
	[ -e "$1" ] || return 1
	[ -d "$1" ] && ls -A -- "$1" >/dev/null || return 2
	[ ! -e "$1/identity" ] || { cat -- "$1/identity" || return 2; return 0; }
	for entry in "$1"/* "$1"/.[!.]*; do
		[ -e "$entry" ] || continue
		case \${entry#"$1"/} in
		lost+found | .quorate-* | state.json | *.new) ;;
		*) echo "$1 holds what is not metad's: \${entry##*/}" >&2; return 2 ;;
		esac
	done
	return 1
}
`;

/** A follower hears of a commit with the next heartbeat: so far behind is in sync. */
const IN_SYNC_ENTRIES = 5n;

export default definePlugin({
  name: "metad",
  options: spec,
  playbook: metadPlaybook,
  describe: ({ options, nodes }) => {
    const metad: Metad = { options, nodes };
    const { unit, dataDir, envFile } = options;
    return {
      facts: metad,
      unit,
      dataDir,
      process: "metad",
      programs: ["metad"],
      shell: SHELL,

      check: (node) => {
        const ctl = `metad ctl ${quote(urlOf(node, metad))}`;
        return `ask env 0 grep -s '^METAD_' -- ${quote(envFile)}
ask disk 0 metad_disk_id "$dir"
[ -z "$pid" ] || { ask status 3 ${ctl} status; ask members 3 ${ctl} members; }`;
      },
      read: readMetad,

      askPeers: (members) =>
        members.filter((m) => m.clientUrls.length > 0).map((m) =>
          `ask ${quote(`peer.${m.id}`)} 4 metad ctl ${quote(m.clientUrls.join(","))} members &`
        ).concat("wait").join("\n"),
      readPeers,

      claims: (member, node) => member.peerUrls.includes(urlOf(node, metad)),

      caughtUp: (learner, leader) => {
        if (learner.index === undefined || leader.index === undefined) return "unknown";
        const near = leader.index - learner.index <= IN_SYNC_ENTRIES;
        return learner.local === "yes" && learner.term === leader.term && near ? "yes" : "no";
      },

      derived: (key, seen, desired) => {
        if (key !== "heir" || seen.state !== "held") return undefined;
        const fit = seen.members.filter((m) => m.role === "voter" && m.health === "healthy" && !m.leader);
        // One that stays before one that goes.
        return (fit.find((m) => desired.some((n) => n.name === m.node)) ?? fit[0])?.id;
      },

      lateShell: (late: Late, seen) => {
        const list = `metad ctl ${seen.members.flatMap((m) => m.clientUrls).join(",") || "URL"} members`;
        const host = late.late === "memberId" && "node" in late.of ? late.of.node : undefined;
        const node = nodes.find((n) => n.name === host);
        if (node !== undefined) {
          return `${list} | tr '{' '\\n' | sed -n 's|"id": "\\([0-9a-f]*\\)".*"${
            urlOf(node, metad)
          }".*|\\1|p'`;
        }
        return late.late === "derived" && late.key === "clusterId"
          ? `${list} | sed -n 's/.*"cluster": "\\([0-9a-f]*\\)".*/\\1/p'`
          : undefined;
      },
    };
  },
});
