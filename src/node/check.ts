/**
 * The node check: one POSIX sh script for all services of a node, over one exec, and one JSON document back. It only
 * looks. Every command in it has a deadline of its own; services are asked side by side.
 *
 * @module
 */
import type { HostNode } from "../model/node.ts";
import type { Service } from "../playbook/plugin.ts";
import { quote } from "../playbook/render.ts";
import checkShell from "./check.sh" with { type: "text" };
import { shellFor } from "./shell.ts";

/**
 * Where a plugin's part of the check finds what is known already: `$service`, `$unit`, `$process`, `$dir` (the data
 * directory of the config), `$pid` (one live process of the service, or nothing). Answers of these names are the node
 * check's own; a plugin may read them, too. One that a plugin calls `disk` says on standard error why it failed.
 */
export const ownAsks = [
  "unit",
  "pids",
  "latch",
  "intent",
  "started",
  "fenced",
  "fence",
  "lock",
  "aside",
  "path",
  "disk-free",
  "mount",
] as const;

/** Deadline for the whole check in milliseconds: what to give to `Fleet.run`. Its parts need 8 s at most. */
export const checkTimeoutMs = 12_000;

const tools = (
  "base64 cat chmod chown cp cut date flock grep ln mkdir mktemp mountpoint mv od readlink rm sed sha256sum sleep " +
  "stat sync systemctl timeout tr wc"
).split(" ");

/** The script for these services, all of one node. */
export const checkScript = (services: readonly Service[], node: HostNode): string =>
  script(
    services.map((s) => ({ service: s, text: `look\n${s.check(node)}` })),
    [...tools, ...services.flatMap((s) => s.programs)],
  );

/** A script of lines of `ask NAME SECONDS COMMAND…` alone, e.g. those of {@linkcode Service.askPeers}. */
export const askScript = (service: Service, text: string): string => script([{ service, text }], []);

/** What one plugin asks of a host that no config names yet. */
export interface ProbeOf {
  /** The plugin's: its answers come back under it. */
  readonly name: string;
  readonly probe: string;
}

/** The script of probes: besides what each asks, who it logs in as, and the host's own name. */
export const probeScript = (probes: readonly ProbeOf[]): string =>
  script(
    probes.map(({ name, probe }) => ({
      service: { name, unit: "", process: "", dataDir: "", shell: "" },
      text: `ask uid 0 id -u\nask hostname 0 cat /proc/sys/kernel/hostname\n${probe}`,
    })),
    tools,
  );

type Asking = Pick<Service, "name" | "unit" | "process" | "dataDir" | "shell">;

function script(
  parts: readonly { readonly service: Asking; readonly text: string }[],
  needed: readonly string[],
): string {
  const blocks = parts.map(({ service: s, text }, i) =>
    `(
mkdir "$tmp/${i}" && cd "$tmp/${i}" || exit
service=${quote(s.name)} unit=${quote(s.unit)} process=${quote(s.process)} dir=${quote(s.dataDir)}
(
ulimit -f 512 # at most 256 KiB of each answer
${shellFor(text, s.shell)}${text}
)
printf %s ${quote(`{"name":${JSON.stringify(s.name)},`)}
pack
printf '},'
) >"$tmp/${i}.json" 2>/dev/null &
`
  );
  // The script comes in on standard input: it is read to its end first, and nothing in it may read on.
  return `check() {
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
umask 077
missing=
for tool in ${[...new Set(needed)].map(quote).join(" ")}; do
command -v "$tool" >/dev/null 2>&1 || missing="$missing\\"$tool\\","
done
read -r begun _ </proc/uptime
time=$(date +%s.%N)
tmp=$(mktemp -d /run/quorate.XXXXXX 2>/dev/null || mktemp -d /dev/shm/quorate.XXXXXX 2>/dev/null || mktemp -d) || exit
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 143' HUP INT TERM
${blocks.join("")}wait
read -r ended _ </proc/uptime
printf '\\n{"quorate":1,"time":"%s","begun":"%s","ended":"%s","missing":[%s0],"services":[' \\
"$time" "$begun" "$ended" "$missing"
cat "$tmp"/*.json
printf '0]}\\n'
}
${shellFor(checkShell, "")}${checkShell}
check </dev/null
exit
`;
}
