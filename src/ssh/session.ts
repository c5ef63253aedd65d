/**
 * A lock on a node, and the scripts that run while it is held (S20, S16).
 *
 * @module
 */
import { AnswerReader } from "./answer.ts";
import { type Ending, lost } from "./process.ts";
import { agentInput, BUSY, newTag, pingFrame, quitFrame, runFrame } from "./shell.ts";
import { GRACE_MS, type Manner, replyOf, Talk, withoutAnswer } from "./talk.ts";
import { isTrouble, unreachable } from "./trouble.ts";
import type { Answer } from "./answer.ts";
import type { Connection } from "./connection.ts";
import type { Reply, Session, SessionReply, Trouble } from "../model/fleet.ts";

/** How long taking a lock may take; nobody waits for it. */
const LOCK_MS = 15_000;
/** Signs of life. One that stays without an answer ends the session before the agent on the node lets the lock go. */
const PING_EVERY_MS = 10_000;
const PING_MS = 20_000;
/** How late a script may start, when nobody says: it must not start after its manager has given it up. */
const START_WITHIN_MS = 10_000;
const CLOSE_MS = 3_000;
/** An agent that works for us holds its lock for so long at least since it was last heard: it is patient for 45 s. */
const WORKING_MS = 30_000;
/** So long is waited for an agent that is asked whether it is still there. */
const ALIVE_MS = 5_000;

/** Takes a lock without waiting for it. A trouble means that nothing was sent. */
export async function takeLock(
  connection: Connection,
  node: string,
  lockPath: string,
  holder: string,
  manner: Manner,
): Promise<SessionReply | Trouble> {
  const tag = newTag();
  const input = agentInput(tag, lockPath, holder);
  const talk = await Talk.open(connection, input, manner, LOCK_MS);
  if (!(talk instanceof Talk)) return talk;
  const reader = new AnswerReader(tag, manner.maxOutput);
  const answer = await talk.ask(reader, input.bytes, LOCK_MS);
  if ("kind" in answer) {
    const reply = withoutAnswer(answer, reader.heard(), manner);
    return isTrouble(reply) ? reply : { kind: "failed", reply };
  }
  if (answer.code === 0) return { kind: "held", session: new AgentSession(node, talk, answer, manner) };
  talk.process.abandon("the lock was not free");
  if (answer.code === BUSY) {
    // Between taking a lock and writing into it, and between writing and letting it go, another line stands there.
    const line = new TextDecoder().decode(answer.stdout).trim();
    return { kind: "busy", holder: line.replace(/^free \d+ /, "") };
  }
  const { code, stdout, stderr } = answer;
  return { kind: "failed", reply: { kind: "exited", code, stdout, stderr } };
}

class AgentSession implements Session {
  readonly node: string;
  readonly found: string;
  readonly #talk: Talk;
  readonly #manner: Manner;
  readonly #pinger: ReturnType<typeof setInterval>;
  #over: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #asking = 0;
  /** The node's uptime in its last answer, in hundredths of a second, and when that answer came. */
  #uptime = 0;
  #heardAt = 0;

  constructor(node: string, talk: Talk, first: Answer, manner: Manner) {
    this.node = node;
    this.found = new TextDecoder().decode(first.stdout).trim();
    this.#talk = talk;
    this.#manner = manner;
    this.#synchronise(first);
    this.#pinger = setInterval(() => {
      if (this.#asking === 0) this.#ask(pingFrame, PING_MS);
    }, PING_EVERY_MS);
    talk.process.ended.then((ending) => {
      this.#over ??= inWords(ending);
      clearInterval(this.#pinger);
    });
  }

  get held(): boolean {
    return this.#over === undefined;
  }

  async run(
    script: string,
    { timeoutMs, notAfterMs = START_WITHIN_MS }: { readonly timeoutMs: number; readonly notAfterMs?: number },
  ): Promise<Reply> {
    const latest = performance.now() + notAfterMs;
    let begun = 0;
    const answer = await this.#ask((tag) => {
      begun = performance.now();
      // The node read its clock before its answer came: so at the time `latest` it shows this, or more.
      const notAfter = this.#uptime + (latest - this.#heardAt) / 10;
      return runFrame(tag, script, timeoutMs, Math.max(1, Math.floor(notAfter)));
    }, notAfterMs + timeoutMs + GRACE_MS);
    if (isTrouble(answer)) return unreachable(answer);
    if ("kind" in answer) return lost(inWords(answer));
    return replyOf(answer, begun, timeoutMs, this.#manner);
  }

  async alive(withinMs: number): Promise<boolean> {
    if (!this.held) return false;
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs <= withinMs) return true;
    // It answers nothing while it runs a script of ours, and keeps the lock for it: a slow node holds up no other.
    if (this.#asking > 0) return silentMs <= WORKING_MS;
    return "uptime" in await this.#ask(pingFrame, ALIVE_MS);
  }

  /** Lets the lock go. Resolves when the node says that it is free, or after a few seconds. */
  async close(): Promise<void> {
    clearInterval(this.#pinger);
    const timer = setTimeout(() => this.#talk.process.abandon("it was closed"), CLOSE_MS);
    await this.#ask(quitFrame, CLOSE_MS);
    clearTimeout(timer);
    this.#over ??= "it was closed";
    this.#talk.process.abandon(this.#over);
  }

  /** One question at a time: the agent reads the next one when it has answered the last. */
  #ask(frame: (tag: string) => Uint8Array, timeoutMs: number): Promise<Answer | Ending | Trouble> {
    this.#asking++;
    const asked = this.#turn.then(async () => {
      try {
        if (this.#over !== undefined) return gone(this.node, this.#over);
        const tag = newTag();
        const answer = await this.#talk.ask(
          new AnswerReader(tag, this.#manner.maxOutput),
          frame(tag),
          timeoutMs,
        );
        if ("uptime" in answer) this.#synchronise(answer);
        return answer;
      } finally {
        this.#asking--;
      }
    });
    this.#turn = asked;
    return asked;
  }

  #synchronise({ uptime }: Answer): void {
    this.#uptime = uptime;
    this.#heardAt = performance.now();
  }
}

const inWords = (ending: Ending): string =>
  ending.kind === "lost" ? ending.detail : `the agent ended with exit code ${ending.code}`;

const gone = (node: string, why: string): Trouble => ({
  code: "unreachable",
  detail: `the session that held the lock on ${node} is over: ${why}`,
  unblock: "look again; the next run takes the lock anew",
});
