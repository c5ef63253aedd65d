/**
 * What the executable may do on the management node. Whoever runs Quorate there is root on the nodes, so this holds no
 * playbook back that means harm; it ends what goes wrong by mistake, in a dependency as well. `src/main.ts` gives up
 * the right to write where a command does not need it.
 *
 * @module
 */

/** Variables that are read. An `${NAME}` in ssh_config stays as it is for others. */
const ENVIRONMENT = [
  "HOME",
  "LANG",
  "LC_*",
  "LOGNAME",
  "NO_COLOR",
  "QUORATE_*",
  "SSH_*",
  "TERM",
  "USER",
  "XDG_*",
  // Asked for by the libraries: yaml, ssh2's semver, stricli, and etcd3's gRPC (which is told to use no proxy).
  "GRPC_*",
  "LOG_STREAM",
  "LOG_TOKENS",
  "NODE_DEBUG",
  "STRICLI_*",
];

/** Flags of `deno run` and `deno compile`: configs, keys and backups may lie anywhere, and hosts have any address. */
export const permissions: readonly string[] = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  // `ssh -G` where ssh_config has Match blocks; `timeout` runs the steps of a playbook on the management
  // node, `systemctl` for a schedule, and the command that alerts are given to.
  "--allow-run=ssh,timeout",
  "--allow-sys=hostname,homedir,uid,gid,userInfo",
  `--allow-env=${ENVIRONMENT.join(",")}`,
];

/**
 * What dies young is collected in 8 MB at a time instead of 16: over 200 hosts that takes a tenth off the peak of memory,
 * and costs no CPU that could be measured, as 4 MB do.
 */
export const heap = "--v8-flags=--max-semi-space-size=8";

/** What makes Deno run this program and nothing else: no config, no package, no question, no word of its own. */
export const sealed: readonly string[] = [
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  heap,
];
