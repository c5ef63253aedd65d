/**
 * The config that keeps a cluster which others built, as text. What hosts said stands in it as YAML scalars or in
 * comments, without anything that could end either of them.
 *
 * @module
 */
import { stringify, type ToStringOptions } from "yaml";
import type { Remark, WrittenOptions } from "../playbook/adopt.ts";
import type { SshLogin } from "./look.ts";

export interface AdoptedNode {
  readonly name: string;
  /** Where SSH goes. */
  readonly host: string;
  /** On the service's own network; `host` where it is the same. */
  readonly address: string;
  readonly port: number | undefined;
  /** Which member it is, or why that is not proven. */
  readonly comment: string;
}

export interface AdoptedConfig {
  /** What `--from` named. */
  readonly from: readonly string[];
  readonly login: SshLogin;
  readonly nodes: readonly AdoptedNode[];
  readonly service: string;
  readonly plugin: string;
  readonly options: WrittenOptions;
  readonly remarks: readonly Remark[];
}

/** The whole file. */
export function adoptedText(
  { from, login, nodes, service, plugin, options, remarks }: AdoptedConfig,
): string {
  const ssh = { user: login.user, become: login.become };
  const hasSsh = ssh.user !== undefined || ssh.become !== undefined;
  return `# Quorate keeps the members of quorum services as this file says.
${
    comment(
      `Written by \`quorate init --from ${
        from.join(" --from ")
      }\`, from what the hosts say themselves; nothing was changed there.`,
    )
  }
# See \`quorate plan\` before the first \`quorate apply\`: it is to do no more than latch, which is to write down on
# each node which member it is (in /var/lib/quorate). From then on this file says who the members are.
version: 1

# What is left out here comes from ssh_config.
${hasSsh ? `ssh: ${flow(ssh)}` : "# ssh: { user: root }"}

nodes:
${nodes.map(nodeLine).join("\n")}

services:
  ${scalar(service)}:
    plugin: ${scalar(plugin)}
    # The desired members. Edit this list, and \`quorate apply\` does the rest.
    members: [${nodes.map((n) => scalar(n.name)).join(", ")}]
${
    remarks.flatMap((r) => [comment(`Note: ${r.what}`, "    "), comment(`Now: ${r.now}`, "    ")]).map((l) =>
      `${l}\n`
    ).join("")
  }\
${block({ options }, "    ")}`;
}

const nodeLine = ({ name, host, address, port, comment: text }: AdoptedNode): string =>
  `  ${scalar(name)}: ${
    flow({
      host,
      address: address === host ? undefined : address,
      ssh: port === undefined ? undefined : { port },
    })
  } # ${clean(text)}`;

/** Text in lines of comments. */
const comment = (text: string, indent = ""): string =>
  wrap(clean(text), 104 - indent.length).map((line) => `${indent}# ${line}`).join("\n");

/** What could end a comment, or move a terminal's cursor. */
const clean = (text: string): string => text.replaceAll(ends, " ").slice(0, 2_000);
// deno-lint-ignore no-control-regex -- these are what must not get through
const ends = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/g;

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((w) => w !== "")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

// What a value ends with is its own: only the line break of the document goes.
const yaml = (value: unknown, options: ToStringOptions = {}): string =>
  stringify(value, { lineWidth: 0, blockQuote: false, ...options }).replace(/\n$/, "");
const scalar = (value: string): string => yaml(value);
const flow = (value: object): string => yaml(value, { collectionStyle: "flow", flowCollectionPadding: true });
const block = (value: object, indent: string): string =>
  yaml(value).split("\n").map((line) => `${indent}${line}\n`).join("");
