/**
 * Question and answer with a program on a node: scripts go in, framed answers come out.
 *
 * @module
 */
import { type Answer, AnswerReader } from "./answer.ts";
import { type Ending, lost, type Process, start, timedOut } from "./process.ts";
import { type Input, KILL_AFTER_MS, newTag, runInput } from "./shell.ts";
import { messageOf } from "./trouble.ts";
import type { Connection } from "./connection.ts";
import type { Reply, Trouble } from "../model/fleet.ts";

/** How long the way there and back may take beyond what the script itself may, in milliseconds. */
export const GRACE_MS = KILL_AFTER_MS + 3_000;

/** What commands on a node are made with. */
export interface Manner {
  /** Whether to become root by `sudo -n`. */
  readonly become: boolean;
  /** How many bytes of output are kept of one script. */
  readonly maxOutput: number;
}

/** Who listens to the output right now. */
interface Listener {
  reader: AnswerReader | undefined;
}

/** A program that was started. */
export class Talk {
  readonly process: Process;
  readonly #listener: Listener;

  private constructor(process: Process, listener: Listener) {
    this.process = process;
    this.#listener = listener;
  }

  /** Starts a program; its bytes are not sent yet. A trouble means that nothing happened on the node. */
  static async open(
    connection: Connection,
    input: Input,
    manner: Manner,
    timeoutMs: number,
  ): Promise<Talk | Trouble> {
    try {
      const listener: Listener = { reader: undefined };
      const process = await start(connection, input.command(manner.become), {
        stdout: (piece) => listener.reader?.stdout(piece),
        stderr: (piece) => listener.reader?.stderr(piece),
      }, timeoutMs);
      return new Talk(process, listener);
    } catch (thrown) {
      return notStarted(connection, thrown);
    }
  }

  /** Sends bytes and waits for an answer. After `timeoutMs` the program is given up. */
  async ask(reader: AnswerReader, bytes: Uint8Array, timeoutMs: number): Promise<Answer | Ending> {
    this.#listener.reader = reader;
    const timer = setTimeout(
      () => this.process.abandon(`there was no answer within ${Math.round(timeoutMs / 1000)} s`),
      timeoutMs,
    );
    this.process.write(bytes);
    try {
      return await Promise.race([reader.answer, this.process.ended]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Runs a script. A trouble means that it was not sent. */
export async function runScript(
  connection: Connection,
  script: string,
  timeoutMs: number,
  manner: Manner,
): Promise<Reply | Trouble> {
  const tag = newTag();
  const input = runInput(tag, script, timeoutMs);
  const talk = await Talk.open(connection, input, manner, timeoutMs + GRACE_MS);
  if (!(talk instanceof Talk)) return talk;
  const reader = new AnswerReader(tag, manner.maxOutput);
  const begun = performance.now();
  const asked = talk.ask(reader, input.bytes, timeoutMs + GRACE_MS);
  talk.process.end();
  const answer = await asked;
  if ("kind" in answer) return withoutAnswer(answer, reader.heard(), manner);
  talk.process.abandon("it was answered"); // a daemon of the script's may keep the channel open
  return replyOf(answer, begun, timeoutMs, manner);
}

/** The reply that an answer amounts to. `begun`: when the script was sent. */
export function replyOf(answer: Answer, begun: number, timeoutMs: number, manner: Manner): Reply {
  const { code, stdout, stderr } = answer;
  if (answer.late) return { kind: "timedOut", stdout: new Uint8Array(), stderr };
  if (answer.tooLong) return lost(`it wrote more than ${manner.maxOutput} bytes, which were not kept`);
  return timedOut(code, begun, timeoutMs)
    ? { kind: "timedOut", stdout, stderr }
    : { kind: "exited", code, stdout, stderr };
}

/** What it means when a program ends without an answer. */
export function withoutAnswer(
  ending: Ending,
  heard: { readonly stdout: Uint8Array; readonly stderr: Uint8Array },
  manner: Manner,
): Reply | Trouble {
  if (ending.kind === "lost") return ending;
  const said = new TextDecoder().decode(heard.stderr).trim();
  if (manner.become && /\bsudo\b/.test(said)) {
    return {
      code: "becomeRefused",
      detail: said,
      unblock: "let the user run sh as root without a password (NOPASSWD: ALL in sudoers), or log in as root",
    };
  }
  return { kind: "exited", code: ending.code, stdout: heard.stdout, stderr: heard.stderr };
}

/** Why a command could not be started. */
export function notStarted(connection: Connection, thrown: unknown): Trouble {
  const said = connection.gone ?? messageOf(thrown);
  return {
    code: "unreachable",
    detail: `the connection to ${connection.name} is there, but it takes no command: ${said}`,
    unblock: "see what sshd logs there (journalctl -u ssh), and MaxSessions in its sshd_config",
  };
}
