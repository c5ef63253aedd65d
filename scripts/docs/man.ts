/**
 * docs/quorate.1, made of the commands' own help.
 *
 * @module
 */
import { run } from "@stricli/core";
import { app } from "../../src/cli/app.ts";
import type { Cli } from "../../src/cli/cli.ts";
import { VERSION } from "../../src/cli/version.ts";

const EXITS: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "Converged, or nothing to do."],
  ["1", "A step failed, or the state directory cannot be used; the next run goes on from what it finds."],
  ["2", "Changes are pending; only with plan --detailed-exitcode."],
  ["3", "Refused by a safety rule: which one, what was seen, and what unblocks it is told."],
  ["4", "The quorum is lost: who is missing, and what would bring it back is told."],
  ["5", "Something was changed and it has not converged yet; the next run goes on."],
  [
    "64, 78",
    "Wrong usage, wrong config. In a folder of configs 78 says that some are wrong, unless a service came to 4, 3 or 1.",
  ],
  ["70", "A defect of Quorate."],
];

const VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ["QUORATE_CONFIG", "The config, where -c names none."],
  ["QUORATE_STATE", "The state directory, where --state names none."],
  [
    "QUORATE_CACHE",
    "Where the executable unpacks itself: a folder that is yours alone, with 110 MB of room.",
  ],
  ["QUORATE_SSH_PASSPHRASE", "Opens encrypted key files."],
  ["SSH_AUTH_SOCK", "The agent's socket."],
  ["NO_COLOR", "No colours."],
];

const FILES: readonly (readonly [path: string, what: string])[] = [
  ["/etc/quorate/quorate.yaml", "The config, where no other is named or nearer."],
  ["/etc/quorate/conf.d", "A folder of configs, where there is no such file."],
  ["/var/lib/quorate", "Of root: memory, journal, locks and snapshots. On a node: who it is, and its fence."],
  ["~/.local/state/quorate", "The same, of another user."],
  ["/var/cache/quorate", "Of root: the unpacked executable. Of another user: ~/.cache/quorate."],
];

export async function manPage(): Promise<string> {
  const root = await help();
  const names = section(root, "COMMANDS").map((line) => line.trim().split(/\s+/, 1)[0] ?? "");
  const commands: string[] = [];
  for (const name of names) commands.push(`.SS ${escaped(name)}`, preformatted(await help(name)));
  return [
    ".\\\" Made by `deno task docs` of the commands' own help.",
    `.TH QUORATE 1 "" "quorate ${VERSION}" "User Commands"`,
    ".SH NAME",
    "quorate \\- keeps the members of quorum services as one config file says",
    ".SH SYNOPSIS",
    preformatted(section(root, "USAGE").join("\n")),
    ".SH DESCRIPTION",
    "A timer runs",
    '.BR "quorate apply" .',
    "It reads the members that the config names and the members that the service itself records, names the difference,",
    "and carries out a playbook for that case over SSH, one change at a time and never at the risk of the quorum.",
    "Where it is not sure it changes nothing, says why, and what a person can do.",
    ".SH COMMANDS",
    ...commands,
    ".SH EXIT STATUS",
    ...EXITS.map(([code, meaning]) => tagged(code, meaning)),
    ".SH ENVIRONMENT",
    ...VARIABLES.map(([name, meaning]) => tagged(name, meaning)),
    ".SH FILES",
    ...FILES.map(([path, what]) => tagged(path, what)),
    ".SH SEE ALSO",
    ".BR ssh_config (5),",
    ".BR systemd.timer (5),",
    ".BR etcdctl (1)",
    "",
  ].join("\n");
}

/** What `quorate [COMMAND] --help` prints. */
async function help(...command: readonly string[]): Promise<string> {
  let text = "";
  const take = { write: (piece: string) => void (text += piece) };
  const stream = { ...take, terminal: false, size: () => ({ columns: 80, rows: 24 }) };
  const cli: Cli = {
    process: { stdout: take, stderr: take },
    out: stream,
    err: stream,
    env: {},
    cwd: "/",
    names: () => Promise.resolve({ services: [], nodes: [] }),
  };
  await run(app, [...command, "--help"], cli);
  return text;
}

/** The indented lines under a heading of the help, without what everybody knows. */
function section(text: string, heading: string): readonly string[] {
  const lines = text.split("\n");
  const from = lines.indexOf(heading) + 1;
  const to = lines.findIndex((line, i) => i >= from && !line.startsWith("  "));
  return lines.slice(from, to === -1 ? undefined : to).map((line) => line.slice(2));
}

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll(/^([.'])/gm, "\\&$1");
const preformatted = (text: string): string => `.nf\n${escaped(text.trimEnd())}\n.fi`;
const tagged = (tag: string, text: string): string => `.TP\n.B ${escaped(tag)}\n${escaped(text)}`;
