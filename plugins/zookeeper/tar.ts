/**
 * A tar file that is packed by gzip, read from its beginning to its end, as GNU tar writes it: holes of sparse files
 * (`tar -S`, old GNU format) read as zeros.
 *
 * @module
 */
import type { SnapshotBytes } from "quorate";

const BLOCK = 512;
const PIECE = 1024 * 1024;

/** What bytes are read from, one after the other. */
export interface Reader {
  /** Fewer where it ends. */
  take(length: number): Promise<Uint8Array>;
  /** Passes over so many. */
  skip(length: number): Promise<void>;
}

/** A file in the archive: what is not read of it is passed over. */
export interface Entry {
  /** Without the `./` of a folder that was packed as `.`. */
  readonly name: string;
  /** Bytes, holes included. */
  readonly size: number;
  readonly content: Reader;
}

/** All files of an archive, in their order. Throws where it is cut off, damaged, or no such archive. */
export async function* entriesOf(file: SnapshotBytes): AsyncGenerator<Entry> {
  const source = new Source(unpacked(file));
  for (;;) {
    const header = await source.exactly(BLOCK);
    if (header.every((byte) => byte === 0)) return await source.toEnd();
    const { name, type, length } = readHeader(header);
    const parts = type === "S" ? await sparse(header, source) : { size: length, at: [{ from: 0, length }] };
    const content = new Content(source, parts.at, parts.size);
    if (type === "0" || type === "\0" || type === "S") yield { name, size: parts.size, content };
    await content.finish();
    await source.skip((BLOCK - length % BLOCK) % BLOCK);
  }
}

function unpacked(file: SnapshotBytes): AsyncIterable<Uint8Array> {
  let at = 0;
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      const bytes = await file.read(at, PIECE);
      at += bytes.length;
      if (bytes.length === 0) controller.close();
      else controller.enqueue(new Uint8Array(bytes));
    },
  });
  return packed.pipeThrough(new DecompressionStream("gzip"));
}

class Source implements Reader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }
  async #more(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return false;
      this.#chunk = value;
    }
    return true;
  }
  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let have = 0; have < length;) {
      if (!await this.#more()) return bytes.subarray(0, have);
      const part = this.#chunk.subarray(0, length - have);
      bytes.set(part, have);
      have += part.length;
      this.#chunk = this.#chunk.subarray(part.length);
    }
    return bytes;
  }
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) {
      if (!await this.#more()) throw new SyntaxError("it ends too early");
      const part = Math.min(left, this.#chunk.length);
      left -= part;
      this.#chunk = this.#chunk.subarray(part);
    }
  }
  async exactly(length: number): Promise<Uint8Array> {
    const bytes = await this.take(length);
    if (bytes.length < length) throw new SyntaxError("it ends too early");
    return bytes;
  }
  /** gzip's checksum of all comes last. */
  async toEnd(): Promise<void> {
    while (await this.#more()) this.#chunk = new Uint8Array(0);
  }
}

interface Part {
  readonly from: number;
  readonly length: number;
}

/** The bytes of one file, with its holes. */
class Content implements Reader {
  #at = 0;
  #part = 0;

  constructor(readonly source: Source, readonly parts: readonly Part[], readonly size: number) {}

  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.min(length, this.size - this.#at));
    await this.#pass(
      bytes.length,
      async (offset, count) => bytes.set(await this.source.exactly(count), offset),
    );
    return bytes;
  }
  async skip(length: number): Promise<void> {
    await this.#pass(Math.min(length, this.size - this.#at), (_, count) => this.source.skip(count));
  }
  finish(): Promise<void> {
    return this.skip(this.size);
  }
  /** Goes on by so many bytes; of those that are there, and not in a hole, it is told where among them they are. */
  async #pass(length: number, there: (offset: number, count: number) => Promise<void>): Promise<void> {
    const begin = this.#at, end = begin + length;
    while (this.#at < end) {
      const part = this.parts[this.#part];
      if (part === undefined || end <= part.from) break;
      const from = Math.max(this.#at, part.from), to = Math.min(end, part.from + part.length);
      if (to > from) await there(from - begin, to - from);
      this.#at = Math.max(from, to);
      if (this.#at >= part.from + part.length) this.#part++;
    }
    this.#at = end;
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/\0.*$/s, "");

/** A number as tar writes it: octal digits, or, with the highest bit set, big-endian. */
function number(bytes: Uint8Array): number {
  const [first = 0, ...rest] = bytes;
  if (first >= 128) return rest.reduce((sum, byte) => sum * 256 + byte, 0);
  const digits = text(bytes).trim();
  if (!/^[0-7]*$/.test(digits)) throw new SyntaxError("it is no tar file");
  return parseInt(digits || "0", 8);
}

function readHeader(header: Uint8Array) {
  // The sum is that of a header with blanks in its place.
  const sum = header.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (sum !== number(header.subarray(148, 156))) throw new SyntaxError("it is no tar file");
  return {
    name: text(header.subarray(0, 100)).replace(/^\.\//, ""),
    type: String.fromCharCode(header[156] ?? 0),
    length: number(header.subarray(124, 136)),
  };
}

/** Where the parts of a sparse file belong: four in its header, 21 in each block that follows. */
async function sparse(header: Uint8Array, source: Source) {
  const at: Part[] = [];
  const read = (block: Uint8Array, from: number, count: number): boolean => {
    for (let i = 0; i < count; i++) {
      const entry = block.subarray(from + 24 * i, from + 24 * (i + 1));
      if (entry[0] !== 0) {
        at.push({ from: number(entry.subarray(0, 12)), length: number(entry.subarray(12)) });
      }
    }
    return block[from + 24 * count] === 1;
  };
  for (let more = read(header, 386, 4); more;) more = read(await source.exactly(BLOCK), 0, 21);
  return { size: number(header.subarray(483, 495)), at };
}
