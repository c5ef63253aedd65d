/**
 * Reads the framed answers of a node, byte by byte as they were written.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** The two streams of one answer, cut out of everything else. */
export interface Answer {
  /** The script's exit code, or the code that `say` was given. */
  readonly code: number;
  /** The node's uptime when it ended, in hundredths of a second. */
  readonly uptime: number;
  /** It was refused: it would have started after its time. */
  readonly late: boolean;
  /** More output than the limit: what there is of it is gone. */
  readonly tooLong: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Collects one answer. */
export class AnswerReader {
  readonly #out: Side;
  readonly #err: Side;
  readonly #late: string;
  readonly #done = Promise.withResolvers<Answer>();

  /** `limit`: how many bytes of output are kept, both streams together. */
  constructor(tag: string, limit: number) {
    this.#late = `${tag} late\n`;
    this.#out = new Side(tag, limit);
    this.#err = new Side(tag, limit);
  }

  /** Resolves when both streams have come to the end of the answer. */
  get answer(): Promise<Answer> {
    return this.#done.promise;
  }

  stdout(piece: Uint8Array): void {
    this.#take(this.#out, piece);
  }

  stderr(piece: Uint8Array): void {
    this.#take(this.#err, piece);
  }

  /** What came so far, for the case that no end ever comes. */
  heard(): { readonly stdout: Uint8Array; readonly stderr: Uint8Array; readonly tooLong: boolean } {
    return { stdout: this.#out.bytes(), stderr: this.#err.bytes(), tooLong: this.#tooLong() };
  }

  #tooLong(): boolean {
    return this.#out.tooLong || this.#err.tooLong;
  }

  #take(side: Side, piece: Uint8Array): void {
    side.take(piece);
    const { end } = this.#out;
    if (end === undefined || this.#err.end === undefined) return;
    const heard = this.heard();
    const late = Buffer.from(heard.stdout.slice(-this.#late.length)).toString() === this.#late;
    this.#done.resolve({ ...end, late, ...heard });
  }
}

/** The longest end line: a tag, a word, two numbers. */
const TAIL = 128;

class Side {
  end: { readonly code: number; readonly uptime: number } | undefined;
  tooLong = false;
  readonly #tag: string;
  readonly #limit: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(tag: string, limit: number) {
    this.#tag = tag;
    this.#limit = limit;
  }

  take(piece: Uint8Array): void {
    if (this.end !== undefined) return; // something that the script left running still writes
    const from = Math.max(0, this.#length - TAIL);
    this.#append(piece);
    const held = this.#bytes.subarray(0, this.#length);
    const at = held.indexOf(`${this.#tag} end `, from);
    const line = at < 0 ? -1 : held.indexOf("\n", at);
    if (line >= 0) {
      const [, , code, uptime] = held.toString("latin1", at, line).split(" ");
      this.end = { code: Number(code), uptime: Number(uptime) };
      this.#length = at;
    } else if (this.#length > this.#limit) {
      this.tooLong = true;
      this.#bytes = Buffer.from(held.subarray(-TAIL));
      this.#length = this.#bytes.length;
    }
  }

  /** From the begin line on, or everything when there is none. */
  bytes(): Uint8Array {
    const held = this.#bytes.subarray(0, this.#length);
    const begin = `${this.#tag} begin\n`;
    const at = held.indexOf(begin);
    return new Uint8Array(held.subarray(at < 0 ? 0 : at + begin.length));
  }

  #append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }
}
