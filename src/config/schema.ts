/**
 * The form of `quorate.yaml`. What it asks of keys is checked by `keys.ts`, what it asks of values by valibot.
 *
 * @module
 */
import * as v from "valibot";
import type { Options, Plugin } from "../playbook/options.ts";
import { duration, file, flag, host, integer, name, path, port, promFile, text } from "./fields.ts";
import { optionsSchema } from "./options.ts";

export const VERSION = 1;

const ENDPOINT = /^https?:\/\/(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\/?$/;

const about = v.description;
const optional = v.exactOptional;

export const sshSchema = v.strictObject({
  user: optional(
    v.pipe(
      text("a login name", /^[^\s-]\S*$/),
      about("The login name; ssh_config's, else your own, unless told."),
    ),
  ),
  port: optional(v.pipe(port, about("The TCP port; ssh_config's, else 22, unless told."))),
  identityFiles: optional(
    v.pipe(
      v.array(file, "a list of files, such as [~/.ssh/id_ed25519]"),
      about("Private keys, tried before the agent. Relative paths start at this file's folder."),
    ),
  ),
  knownHosts: optional(
    v.pipe(
      v.array(file, "a list of files, such as [~/.ssh/known_hosts]"),
      about("Files of accepted host keys, instead of the user's and the system's."),
    ),
  ),
  jump: optional(
    v.pipe(
      text("[user@]host[:port], several joined by commas, or none", /^[^\s-]\S*$/),
      about("The host to go through; none overrides ssh_config."),
    ),
  ),
  become: optional(
    v.pipe(v.picklist(["sudo", "none"], "sudo or none"), about("How to become root after the login.")),
  ),
  connectTimeout: optional(
    duration("From the start of the connection to the end of the login; 10s unless told.", 1),
  ),
}, "a map of user, port, identityFiles, knownHosts, jump, become, connectTimeout");
export type WrittenSsh = v.InferOutput<typeof sshSchema>;

export const nodeSchema = v.strictObject({
  host: v.pipe(host, about("Where SSH goes: a name, an address, or a Host of ssh_config.")),
  address: optional(v.pipe(host, about("The node on the service's own network; host unless told."))),
  labels: optional(
    v.pipe(
      v.record(name, text("text, in quotes where it could be read as a number"), "a map of text by name"),
      about("Words about the node, for people and playbooks."),
    ),
    {},
  ),
  ssh: optional(v.pipe(sshSchema, about("What differs from ssh: at the top.")), {}),
}, "a map with host, such as { host: 10.0.0.11 }");

export const policySchema = v.strictObject(
  {
    stabilize: optional(
      duration("How long the cluster must have been healthy before the next change."),
      "5s",
    ),
    deadAfter: optional(
      duration(
        "How long nobody must have served before `recover` or `restore` begins; `apply` waits for edits of members instead.",
      ),
      "60s",
    ),
    deadline: optional(duration("How long one run may take; the next one goes on.", 1), "10m"),
    joinTimeout: optional(
      duration("How long a new member may take to catch up, over several runs.", 1),
      "30m",
    ),
    backup: optional(
      v.union([
        v.pipe(v.literal(false), about("No snapshot before a change.")),
        v.pipe(
          v.strictObject({
            dir: optional(v.pipe(path, about("A folder on the management node."))),
            keep: optional(
              v.pipe(
                integer(1, 1_000_000),
                about(
                  "How many snapshots are kept, and on each node how many sets of data that were set aside.",
                ),
              ),
              10,
            ),
          }, "false, or a map of dir and keep"),
          about("A snapshot before each change of members."),
        ),
      ], "false, or a map of dir and keep"),
      {},
    ),
    paused: optional(v.pipe(flag, about("Look, but change nothing.")), false),
    moveAll: optional(v.pipe(flag, about("Allow a change that keeps no recorded member.")), false),
    removeUnfenced: optional(
      v.pipe(flag, about("Allow the removal of a member whose node is in no config, so cannot be fenced.")),
      false,
    ),
    repairTries: optional(
      v.pipe(
        integer(1, 1_000_000),
        about("Tries of one repair, over several runs, before it is only reported."),
      ),
      5,
    ),
  },
  "a map of stabilize, deadAfter, deadline, joinTimeout, backup, paused, moveAll, removeUnfenced, repairTries",
);
export type WrittenPolicy = v.InferOutput<typeof policySchema>;

export const metricsSchema = v.strictObject({
  textfile: v.pipe(
    promFile,
    about("Where Prometheus metrics are written after each run, for node_exporter's textfile collector."),
  ),
}, "a map with textfile");

/** What people may be told of. */
export const ALERTS = ["change", "refusal", "failure", "quorumLost", "recovery"] as const;

export const alertsSchema = v.strictObject({
  webhook: optional(
    v.pipe(
      text("an http or https URL", /^https?:\/\/[^\s/?#]+[^\s]*$/),
      about("Where a JSON document is posted to. What stands behind the host is shown nowhere."),
    ),
  ),
  command: optional(
    v.pipe(
      v.array(text("text, in quotes where it could be read as a number"), "a list of words"),
      v.minLength(1, "a list of words, the first an absolute path"),
      about("A program, by its absolute path, and its arguments: the document is its standard input."),
    ),
  ),
  on: optional(
    v.pipe(
      v.array(v.picklist(ALERTS, `one of ${ALERTS.join(", ")}`), `a list of ${ALERTS.join(", ")}`),
      about("What is told; all unless said."),
    ),
    [...ALERTS],
  ),
  timeout: optional(
    duration("How long the webhook, and the command, may take; 60s at most.", 1, 60_000),
    "10s",
  ),
}, "a map of webhook, command, on, timeout");

export type WrittenAlerts = v.InferOutput<typeof alertsSchema>;

/** Options of a plugin that is not there: nobody can tell what is wrong with them. */
const UNREAD: v.GenericSchema<unknown, Options> = v.custom<Options>(() => true);

/** A service of a plugin; of an unknown one, everything but its options. `written`: how the config names it. */
export const serviceSchema = (plugin: Plugin | undefined, written = plugin?.name) =>
  v.strictObject({
    plugin: v.pipe(
      written === undefined ? text("the name of a plugin") : v.literal(written, written),
      about("Which kind of service it is: the name of a plugin, or the file of your own."),
    ),
    members: v.pipe(
      v.array(
        text("the name of a node, in quotes where it could be read as a number"),
        "a list of node names",
      ),
      v.minLength(1, "a list of node names, one at least"),
      about("The nodes that shall be members; 3 or 5 are usual."),
    ),
    options: optional(
      v.pipe(
        plugin === undefined ? UNREAD : optionsSchema(plugin.options),
        about(plugin === undefined ? "The plugin's options." : `The options of ${plugin.name}.`),
      ),
      {},
    ),
    policy: optional(v.pipe(policySchema, about("How careful and how patient.")), {}),
    playbook: optional(
      v.pipe(
        text("a file such as ./playbook.ts", /^[^\s-].*\.ts$/),
        about("Your own playbook, a TypeScript file; relative paths start at this file's folder."),
      ),
    ),
  }, "a map with plugin and members");

const lockSchema = v.strictObject({
  etcd: v.pipe(
    v.union([
      name,
      v.pipe(
        v.array(
          text("an URL such as https://10.0.0.1:2379", ENDPOINT),
          "the name of an etcd service of this file, or a list of URLs",
        ),
        v.minLength(1, "a list of URLs, one at least"),
      ),
    ], "the name of an etcd service of this file, or a list of URLs"),
    about("Where the leases are kept: an etcd service of this file by its name, or URLs."),
  ),
  ttl: optional(
    duration("How long after a manager's last sign of life others take its services up.", 5_000),
    "30s",
  ),
  ca: optional(v.pipe(file, about("Whom an https etcd is trusted by, in PEM; the system's unless told."))),
  cert: optional(v.pipe(file, about("The certificate to be shown to etcd, a file on the management node."))),
  key: optional(v.pipe(file, about("Its key."))),
  prefix: optional(
    v.pipe(
      text("a prefix such as /quorate/lock/"),
      about("Of the keys in etcd, one a service: for two fleets that call services the same."),
    ),
    "/quorate/lock/",
  ),
}, "a map of etcd, ttl, ca, cert, key, prefix");
export type WrittenLock = v.InferOutput<typeof lockSchema>;

/** The file, its nodes and services read by the given schemas. */
export const fileSchema = <N extends v.GenericSchema, S extends v.GenericSchema>(node: N, service: S) =>
  v.strictObject({
    version: v.pipe(v.literal(VERSION, `${VERSION}`), about("The version of this file's form.")),
    ssh: optional(v.pipe(sshSchema, about("How to reach every node, unless the node says otherwise.")), {}),
    lock: optional(
      v.pipe(
        lockSchema,
        about("For two or more management nodes: leases in etcd, so that each service has one."),
      ),
    ),
    nodes: v.pipe(
      v.record(name, node, "a map of nodes by name"),
      v.minEntries(1, "a map of nodes by name, one at least"),
      about("Every host that may hold a member, by name."),
    ),
    services: v.pipe(
      v.record(name, service, "a map of services by name"),
      v.minEntries(1, "a map of services by name, one at least"),
      about("The quorum services to keep, by name."),
    ),
    metrics: optional(v.pipe(metricsSchema, about("Signals to Prometheus."))),
    alerts: optional(
      v.pipe(alertsSchema, about("Signals to people: one message for one incident, and one for its end.")),
    ),
  }, "a map of version, nodes, services, ssh, lock, metrics and alerts");
