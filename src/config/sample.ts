/**
 * The config that `quorate init` writes.
 *
 * @module
 */
import type { OptionSpec, OptionsSpec, Plugin } from "../playbook/options.ts";

/** A commented config with three nodes and one service; what is commented out are the defaults. Needs a plugin. */
export function sampleConfig([plugin]: readonly Plugin[]): string {
  if (plugin === undefined) throw new RangeError("Cannot write a sample config without a plugin");
  return `# Quorate keeps the members of quorum services as this file says.
# \`quorate validate\` checks it, \`quorate plan\` shows what would change, \`quorate apply\` changes it.
version: 1

# How to reach every node. What is left out here comes from ssh_config.
ssh:
  user: root
  # port: 22
  # identityFiles: [~/.ssh/id_ed25519]
  # knownHosts: [~/.ssh/known_hosts]
  # jump: bastion.example.org    # [user@]host[:port] to go through
  # become: sudo                 # how to become root, where the login is not root's
  # connectTimeout: 10s

# Every host that may hold a member. Names are yours.
nodes:
  n1: { host: 10.0.0.11 }
  n2: { host: 10.0.0.12 }
  n3:
    host: 10.0.0.13              # where SSH goes
    # address: 10.9.0.13         # the service's own network, where it is another
    # labels: { rack: a }
    # ssh: { port: 2222 }        # what differs from ssh: above

services:
  main:
    plugin: ${plugin.name}
    # The desired members. Edit this list, and \`quorate apply\` does the rest.
    members: [n1, n2, n3]
${optionLines(plugin.options)}
    # policy:
    #   stabilize: 5s            # healthy for so long before the next change
    #   deadline: 10m            # the longest run; the next one goes on
    #   joinTimeout: 30m         # how long a new member may take to catch up
    #   backup: { keep: 10 }     # snapshots before changes; false for none
    #   paused: false            # look, but change nothing
    #   moveAll: false           # allow a change that keeps no recorded member
    #   removeUnfenced: false    # allow the removal of a member whose node is in no config
    #   repairTries: 5           # tries of one repair before it is only reported

# Signals to people: one message for an incident and one for its end (docs/timer.md).
# metrics: { textfile: /var/lib/prometheus/node-exporter/quorate.prom }
# alerts:
#   webhook: https://hooks.example.org/services/XXXX
#   command: [/usr/local/bin/notify]
#   on: [change, refusal, failure, quorumLost, recovery]
`;
}

/** Required options stand as they must be written; the others, with their defaults, are commented out. */
function optionLines(spec: OptionsSpec): string {
  const required = Object.values(spec).some((option) => option.required === true);
  const lines = [
    "options:",
    ...Object.entries(spec).flatMap(([name, option]) =>
      linesOf(name, option, "  ").map((line) => option.required === true ? line : `# ${line}`)
    ),
  ];
  return lines.map((line) => `    ${required || line.startsWith("#") ? line : `# ${line}`}`).join("\n");
}

function linesOf(name: string, option: OptionSpec, indent: string): readonly string[] {
  const line = `${indent}${name}:${option.kind === "group" ? "" : ` ${JSON.stringify(exampleOf(option))}`}`;
  const below = option.kind === "group"
    ? Object.entries(option.options).flatMap(([inner, one]) => linesOf(inner, one, `${indent}  `))
    : [];
  return [`${line.replace(PLAIN, "$1").padEnd(38)} # ${option.doc}`, ...below];
}

/** A quoted word that needs no quotes. */
const PLAIN = /"([A-Za-z/][A-Za-z0-9/._-]*|[0-9]+[a-z]+)"$/;

function exampleOf(option: Exclude<OptionSpec, { readonly kind: "group" }>): unknown {
  if (option.default !== undefined) return option.default;
  switch (option.kind) {
    case "string":
      return option.example ?? "text";
    case "path":
      return "/path/on/the/node";
    case "integer":
      return option.min ?? 1;
    case "boolean":
      return true;
    case "duration":
      return "5s";
    case "map":
      return {};
  }
}
