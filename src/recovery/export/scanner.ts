import type { Hash } from "node:crypto";
import { nodeCrypto } from "../../backends/node-crypto.ts";
import { concat } from "../../model/bytes.ts";
import { notWhole } from "./format.ts";

const NEWLINE = 10;

/** Reads a file from its beginning to its end, piece by piece, and hashes all of it. */
export class Scanner {
  readonly #file: Blob;
  readonly #hash: Hash;
  readonly #pieces: ReadableStreamDefaultReader<Uint8Array>;
  #rest = new Uint8Array();
  #at = 0;

  constructor(file: Blob, hash: Hash) {
    this.#file = file;
    this.#hash = hash;
    this.#pieces = file.stream().getReader();
  }

  /** A line without its end. @throws CairnError `malformed` */
  async line(longest: number): Promise<Uint8Array> {
    const line = await this.#line(longest);
    this.#hash.update(line);
    return line.subarray(0, -1);
  }

  /** So many bytes: where they are, and their SHA-256. @throws CairnError `malformed` */
  async content(bytes: number): Promise<{ file: Blob; sha256: string }> {
    const hash = nodeCrypto().createHash("sha256");
    const from = this.#at;
    for (let left = bytes; left > 0; ) {
      const piece = this.#take((await this.#more()).subarray(0, left));
      hash.update(piece);
      this.#hash.update(piece);
      left -= piece.length;
    }
    return { file: this.#file.slice(from, from + bytes), sha256: hash.digest("hex") };
  }

  /**
   * The last line, which says what all before it was.
   *
   * @returns the SHA-256 of what was before it @throws CairnError `malformed`
   */
  async end(closing: (sha256: string) => Uint8Array): Promise<string> {
    const sha256 = this.#hash.digest("hex");
    const expected = closing(sha256);
    const last = await this.#line(expected.length);
    if (!same(last, expected)) throw notWhole("its last line is not that of this content");
    if (this.#at < this.#file.size) throw notWhole("something comes after its end");
    await this.#pieces.cancel();
    return sha256;
  }

  /** With its end. */
  async #line(longest: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let length = 0; ; ) {
      const some = await this.#more();
      const end = some.indexOf(NEWLINE) + 1;
      const part = this.#take(end > 0 ? some.subarray(0, end) : some);
      length += part.length;
      if (length > longest) throw notWhole("a line of it is too long");
      parts.push(part);
      if (end > 0) return concat(parts);
    }
  }

  /** What was read already, and not taken; at least a byte. */
  async #more(): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.read();
      if (done) throw notWhole("it ends too early");
      this.#rest = new Uint8Array(value);
    }
    return this.#rest;
  }

  #take<T extends Uint8Array>(piece: T): T {
    this.#rest = this.#rest.subarray(piece.length);
    this.#at += piece.length;
    return piece;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
