/**
 * The etcd that runs on a host which no config names yet: how it was started, by what unit, where its data lies. Read
 * from the answers of `adopt.sh`, which a host may have made up.
 *
 * @module
 */
import {
  type Asked,
  type Asks,
  isPath,
  linesOf,
  printable,
  processesOf,
  type Remark,
  runningOn,
  type Stop,
  stopOn,
  type Wishes,
} from "quorate";
import { etcdOptions } from "./spec.ts";

/** One running etcd. */
export interface Found {
  readonly unit: string;
  readonly user: string | undefined;
  readonly binary: string | undefined;
  /** Absolute; undefined where nothing tells it. */
  readonly dataDir: string | undefined;
  /** What it was told, as `ETCD_…` variables, whether by variables, flags or a file of its own. */
  readonly settings: Readonly<Record<string, string>>;
  /** Its environment file; the first that names etcd's variables. */
  readonly envFile: string | undefined;
  /** Variables in it: they come with each start. */
  readonly inFile: ReadonlySet<string>;
  /** A file of `ETCDCTL_*` variables that a shell can read. */
  readonly ctlEnv: string | undefined;
  /** What wins over the environment file at each start, and would over what Quorate writes for a join. */
  readonly shadowed: "flags" | "config file" | undefined;
}

const good = (asked: Asked | undefined): string | undefined => (asked?.code === 0 ? asked.out : undefined);
const isUnit = new RegExp(etcdOptions.unit.pattern);
const isUser = new RegExp(etcdOptions.user.pattern);

/** What runs on a host, or why it cannot be taken over. */
export function findEtcd(host: string, asks: Asks, wishes: Wishes): Found | Remark {
  const stop = stopOn(host);
  const processes = processesOf(asks);
  if (asks.manifest?.code === 0 && !processes.some((p) => p.where === "host")) {
    return stop(
      "etcd runs as a static pod (/etc/kubernetes/manifests/etcd.yaml), which is not supported yet: the kubelet " +
        "starts it whenever its manifest is there, so no systemd unit can be fenced (S16, S17), and its settings " +
        "and etcdctl are in a container",
      "keep it with kubeadm; or move etcd to a systemd unit on hosts of its own (external etcd), and adopt that",
    );
  }
  const one = runningOn(host, asks, { called: "etcd", isUnit: (unit) => isUnit.test(unit) }, wishes);
  return "kind" in one ? one : readFound(asks, one.pid, one.unit, stop);
}

function readFound(
  asks: Asks,
  pid: string,
  unit: string,
  stop: Stop,
): Found | Remark {
  const started = good(asks[`started.${pid}`]);
  if (started === undefined) {
    return stop(
      `how etcd was started cannot be read: ${lastLine(asks[`started.${pid}`]?.err)}`,
      "log in as root, or as a user who may become root: --from USER@HOST",
    );
  }
  const said = linesOf(started);
  const at = said.indexOf("--");
  const environment = variables(at < 0 ? [] : said.slice(0, at));
  const flags = at < 0 ? {} : flagsOf(said.slice(at + 2));
  const configFile = flags.ETCD_CONFIG_FILE ?? environment.ETCD_CONFIG_FILE;
  const config = good(asks[`config.${pid}`]);
  if (configFile !== undefined && !config) {
    return stop(`the config file of etcd, ${configFile}, cannot be read`, "look at it, and try again");
  }
  const settings = configFile === undefined ? { ...environment, ...flags } : readConfigFile(config ?? "");

  const names = linesOf(good(asks[`names.${pid}`])).flatMap((line) => {
    const [, name, file] = /^(\S+) (\/.*)$/.exec(line) ?? [];
    return name === undefined || !isPath(file) ? [] : [{ name, file }];
  });
  const ofEtcd = (name: string) => /^ETCD_/.test(name);
  const envFile = (names.find((n) => ofEtcd(n.name)) ?? names.find((n) => n.name === "-"))?.file;
  const ctlEnv = names.find((n) => /^ETCDCTL_(CERT|USER)$/.test(n.name))?.file;

  const shown = linesOf(good(asks[`unit.${pid}`]));
  const get = (key: string) => shown.find((l) => l.startsWith(`${key}=`))?.slice(key.length + 1);
  const opened = linesOf(asks[`open.${pid}`]?.out);
  const database = opened.find((l) => l.startsWith("/") && l.endsWith(DATABASE))?.slice(0, -DATABASE.length);
  const told = settings.ETCD_DATA_DIR;
  // A relative one starts at the process's own folder: there only what it has open tells the place.
  const dataDir = isPath(told) ? told : isPath(database) ? database : undefined;
  const user = get("User") || "root";
  const binary = linesOf(good(asks[`binary.${pid}`]))[0]?.replace(/ \(deleted\)$/, "");
  // Flags that a unit fills in from its variables follow the environment file.
  const literal = JOINING.some((key) => flags[key] !== undefined) &&
    !/\$\{?ETCD_INITIAL_CLUSTER/.test(get("ExecStart") ?? "");
  return {
    unit,
    user: isUser.test(user) ? user : undefined,
    binary: isPath(binary) ? binary : undefined,
    dataDir,
    settings,
    envFile,
    inFile: new Set(names.filter((n) => n.file === envFile && ofEtcd(n.name)).map((n) => n.name)),
    ctlEnv: names.some((n) => n.name === "sh" && n.file === ctlEnv) ? ctlEnv : undefined,
    shadowed: configFile !== undefined ? "config file" : literal ? "flags" : undefined,
  };
}
const DATABASE = "/member/snap/db";
/** What a node that joins must be able to say anew. */
const JOINING = ["ETCD_NAME", "ETCD_INITIAL_CLUSTER", "ETCD_INITIAL_CLUSTER_STATE"];
const lastLine = (text: string | undefined): string => linesOf(text).at(-1)?.slice(0, 300) ?? "no answer";

/** `KEY=value` lines; of two of one key the last counts. */
const variables = (lines: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(lines.flatMap((line) => {
    const [, key, value] = /^(ETCD_[A-Z0-9_]+)=(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value]];
  }));

const keyOf = (flag: string): string => `ETCD_${flag.toUpperCase().replaceAll("-", "_")}`;

/** Flags as Go's `flag` package reads them, as the variables that would say the same. */
function flagsOf(args: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (let i = 0; i < args.length; i++) {
    const [, flag, , value] = /^--?([a-z][a-z0-9-]*)(=(.*))?$/.exec(args[i] ?? "") ?? [];
    if (flag === undefined) continue;
    const next = args[i + 1];
    if (value !== undefined) found[keyOf(flag)] = value;
    else if (next === undefined || next.startsWith("-")) found[keyOf(flag)] = "true";
    else {
      found[keyOf(flag)] = next;
      i++;
    }
  }
  return found;
}

/**
 * etcd's own config file: YAML with plain keys at the top and two sections of certificates; more of YAML than that no
 * such file needs (etcd.conf.yml.sample). A key that cannot be read is as if it were not there.
 */
function readConfigFile(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  let section = "";
  for (const line of text.split("\n")) {
    const [, indent, key = "", raw = ""] = /^( *)([a-z][a-z0-9-]*):(?:[ \t]+(.*))?$/.exec(line) ?? [];
    if (indent === undefined) continue;
    const value = raw.trim().replace(/^(["'])(.*?)\1.*$/, "$2").replace(/(^|\s)#.*$/, "").trim();
    if (indent === "") section = /^(client|peer)-transport-security$/.test(key) ? key : "";
    if (value === "" || !printable(value)) continue;
    if (indent === "") found[keyOf(key)] = value;
    else if (section !== "") found[keyOf(section.startsWith("peer") ? `peer-${key}` : key)] = value;
  }
  return found;
}
