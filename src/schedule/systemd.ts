/**
 * The service and the timer for systemd.
 *
 * @module
 */
import { GRACE_S, heading, jitterS, type Schedule, type Wanted, words } from "./schedule.ts";

export const SERVICE = "quorate.service";
export const TIMER = "quorate.timer";
const FOLDER = "/etc/systemd/system";

/** Both units. */
export const units = (schedule: Schedule): readonly Wanted[] => [
  { path: `${FOLDER}/${SERVICE}`, text: service(schedule), mode: 0o644 },
  { path: `${FOLDER}/${TIMER}`, text: timer(schedule), mode: 0o644 },
];

/**
 * What the hardening leaves: SSH out, reading (keys and configs may lie anywhere), the state directory, the executable's
 * cache, and scripts that a playbook runs on the management node. `MemoryDenyWriteExecute` would stop the runtime, which
 * compiles as it runs.
 */
function service(schedule: Schedule): string {
  const { limitMs, cache, unpacks, state, writes } = schedule;
  const [, under] = /^\/var\/lib\/([A-Za-z0-9_][A-Za-z0-9_.-]*)$/.exec(state) ?? [];
  const written = [
    ...(under === undefined ? [quoted(state)] : []),
    // One that has gone since must not keep the service from running.
    ...writes.map((folder) => quoted(`-${folder}`)),
    ...(cache === undefined ? [] : [quoted(`-${cache}`)]),
  ];
  return `${heading(schedule, `Changes of your own: systemctl edit ${SERVICE}`)}
[Unit]
Description=Quorate: keep the members of quorum services
Documentation=man:quorate(1)
Wants=network-online.target
After=network-online.target
# However many runs failed, the next one comes.
StartLimitIntervalSec=0

[Service]
Type=oneshot
User=root
ExecStart=${words(schedule).map(word).join(" ")}
SyslogIdentifier=quorate
# 5: something was changed, and the next run goes on. A failed step (1), a refusal (3) and a lost quorum (4) fail the
# unit; what it was says \`systemctl show -p ExecMainStatus ${SERVICE}\`.
SuccessExitStatus=5
# A run that hangs is asked to stop; whoever stops it lets the running step come to its end.
TimeoutStartSec=${Math.ceil(limitMs / 1000)}
TimeoutStopSec=${GRACE_S}
KillMode=mixed
UMask=0077
${under === undefined ? "" : `StateDirectory=${under}\nStateDirectoryMode=0700\n`}${
    unpacks && cache === undefined ? "CacheDirectory=quorate\n" : ""
  }${cache === undefined ? "" : `Environment=${quoted(`QUORATE_CACHE=${cache}`)}\n`}ProtectSystem=strict
${written.map((one) => `ReadWritePaths=${one}\n`).join("")}ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectHostname=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
NoNewPrivileges=yes
SystemCallArchitectures=native
`;
}

/**
 * By the monotonic clock, so that a wall clock that jumps neither stops the runs nor makes many of them; from the start
 * of one run to the start of the next. systemd starts no second one while one is at work. Its own accuracy of a minute
 * would make "every minute" anything up to two.
 */
const timer = (schedule: Schedule): string =>
  `${heading(schedule, `Changes of your own: systemctl edit ${TIMER}`)}
[Unit]
Description=Quorate: run it every ${schedule.everyMs / 1000} s

[Timer]
OnActiveSec=1
OnUnitActiveSec=${schedule.everyMs / 1000}
RandomizedDelaySec=${jitterS(schedule)}
AccuracySec=1

[Install]
WantedBy=timers.target
`;

/** A word of a setting that takes several: in quotes, and no specifier; `flawOf` keeps quotation marks out. */
const quoted = (text: string): string => `"${text.replaceAll("%", "%%")}"`;

/** A word of a command line, in which `$NAME` would be a variable. */
const word = (text: string, at: number): string =>
  at === 0 ? plain(quoted(text)) : plain(quoted(text.replaceAll("$", "$$$$")));

/** Most words need no quotes. */
const plain = (text: string): string => /^"[A-Za-z0-9/._:=-]+"$/.test(text) ? text.slice(1, -1) : text;
