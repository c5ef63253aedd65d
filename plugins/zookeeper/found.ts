/**
 * The ZooKeeper that runs on a host which no config names yet: how it was started, by what unit, what its files say. Read
 * from the answers of `adopt.sh`, which a host may have made up.
 *
 * @module
 */
import {
  type Asked,
  type Asks,
  isPath,
  linesOf,
  type Remark,
  runningOn,
  type Stop,
  stopOn,
  type Wishes,
} from "quorate";
import { WORDS } from "./by_hand.ts";
import { readProperties } from "./record.ts";
import { readSession, type Session } from "./session.ts";
import { zookeeperOptions } from "./spec.ts";

/** One running server. */
export interface Found {
  readonly unit: string;
  readonly user: string | undefined;
  /** The path of what systemd made the unit of, where that is an init script. */
  readonly script: string | undefined;
  /** Undefined where it is what `/usr/bin/java` leads to. */
  readonly java: string | undefined;
  /** Its entries absolute; undefined where nothing tells it, or no option could say it. */
  readonly classPath: string | undefined;
  /** Java's flags, without the class path and without those that bear a secret. */
  readonly flags: readonly string[];
  /** The path of its zoo.cfg. */
  readonly config: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Lines `server.N=…`, `group.N=…`, `weight.N=…` of its files. */
  readonly list: readonly string[];
  readonly myid: string | undefined;
  /** Where it has its log open; undefined where it has none. */
  readonly logDir: string | undefined;
  /** Ids that its files, also former ones, name. */
  readonly ids: readonly number[];
  /** How a super user gets in: by a password whose digest it was told, as anybody, or not at all. */
  readonly superUser: "digest" | "anybody" | "none";
  /** `4lw.commands.whitelist` and `snapshot.compression.method`, of zoo.cfg or of Java's flags. */
  readonly words: string | undefined;
  readonly compression: string | undefined;
  readonly session: Session | undefined;
}

/** Else the list of servers is changed in the files of all of them. */
export const keepsItsList = ({ settings }: Found): boolean => settings.reconfigEnabled === "true";

const good = (asked: Asked | undefined): string | undefined => (asked?.code === 0 ? asked.out : undefined);
const isUnit = new RegExp(zookeeperOptions.unit.pattern);
const isUser = new RegExp(zookeeperOptions.user.pattern);
const isClassPath = new RegExp(zookeeperOptions.classPath.pattern);
/** As `options.jvm` takes one; what is masked is none. */
const isFlag = /^-[A-Za-z0-9_./:=+,-]+$/;
const MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/** What runs on a host, or why it cannot be taken over. */
export function findZooKeeper(host: string, asks: Asks, wishes: Wishes): Found | Remark {
  const stop = stopOn(host);
  const one = runningOn(
    host,
    asks,
    { called: "ZooKeeper", isUnit: (unit) => isUnit.test(unit) },
    wishes,
  );
  return "kind" in one ? one : readFound(asks, one.pid, one.unit, stop);
}

function readFound(asks: Asks, pid: string, unit: string, stop: Stop): Found | Remark {
  const of = (name: string) => good(asks[`${name}.${pid}`]);
  const started = of("started");
  if (started === undefined) {
    return stop(
      `how ZooKeeper was started cannot be read: ${lastLine(asks[`started.${pid}`]?.err)}`,
      "log in as root, or as a user who may become root: --from USER@HOST",
    );
  }
  const [config] = linesOf(of("file"));
  const written = of("config");
  if (!isPath(config) || !written) {
    return stop(
      `zoo.cfg, ${config ?? "which its command line should name"}, cannot be read`,
      "start it with the path of a file as QuorumPeerMain's argument, and try again",
    );
  }
  const said = linesOf(started);
  const at = said.indexOf("--");
  const variables = said.slice(0, Math.max(0, at));
  const args = said.slice(at + 1);
  const flags = [
    ...(variable("JDK_JAVA_OPTIONS", variables)?.split(" ") ?? []),
    ...args.slice(1, Math.max(1, args.indexOf(MAIN))),
  ];
  const cwd = linesOf(of("cwd"))[0] ?? "";
  const classPath = (flagValue(args) ?? variable("CLASSPATH", variables))?.split(":").filter((e) => e !== "")
    .map((entry) => entry.startsWith("/") ? entry : `${cwd}/${entry}`).join(":");
  const binary = linesOf(of("binary"))[0]?.replace(/ \(deleted\)$/, "");
  const property = (name: string) => variable(name, linesOf(of("unit")));
  const user = property("User") || "root";
  const [list = "", former = ""] = (of("lists") ?? "").split(/^--$/m);
  const settings = readProperties(linesOf(written).join("\n"));
  const told = (key: string) =>
    settings[key] ?? flags.find((f) => f.startsWith(`-Dzookeeper.${key}=`))?.split("=")[1];
  return {
    unit,
    user: isUser.test(user) ? user : undefined,
    script: /^\/[\w./-]*\binit\.d\/[\w.-]+$/.exec(property("SourcePath") ?? "")?.[0],
    java: isPath(binary) && binary !== good(asks.java)?.trim() ? binary : undefined,
    classPath: classPath !== undefined && isClassPath.test(classPath) ? classPath : undefined,
    flags: flags.filter((f) => isFlag.test(f) && !isClassPathFlag(f)),
    config,
    settings,
    list: linesOf(list).map((line) => line.trim()),
    myid: /^\d{1,3}$/.exec(of("myid")?.trim() ?? "")?.[0],
    logDir: linesOf(of("used"))[0],
    ids: [...`${list}\n${former}`.matchAll(/^\s*server\.(\d{1,3})\b/gm)].map(([, id]) => Number(id)),
    superUser: told("skipACL") === "yes"
      ? "anybody"
      : told("DigestAuthenticationProvider.superDigest") === undefined
      ? "none"
      : "digest",
    words: told(WORDS),
    compression: told("snapshot.compression.method"),
    session: readSession(of("session") ?? ""),
  };
}

const isClassPathFlag = (arg: string | undefined): boolean =>
  /^(-cp|-classpath|--class-path)$/.test(arg ?? "");
const flagValue = (args: readonly string[]): string | undefined =>
  args[args.findIndex(isClassPathFlag) + 1 || -1];
const variable = (name: string, lines: readonly string[]): string | undefined =>
  lines.find((l) => l.startsWith(`${name}=`))?.slice(name.length + 1);
const lastLine = (text: string | undefined): string => linesOf(text).at(-1)?.slice(0, 300) ?? "no answer";
