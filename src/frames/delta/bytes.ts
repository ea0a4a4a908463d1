import { DeltaError } from "./format.ts";

/** Bytes that grow as they are written. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  length = 0;

  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.length++] = rest;
  }

  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** What was written, not copied: valid until the next write. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, needed));
    larger.set(this.written());
    this.#bytes = larger;
  }
}

/** Reads numbers from bytes that may be hostile. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  position = 0;
  /** Nothing is read at or after this. */
  end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.end = bytes.length;
  }

  byte(): number {
    if (this.position >= this.end) throw new DeltaError("The delta is cut off.");
    return this.#bytes[this.position++]!;
  }

  /** 0 to 2^35 - 1: more than 32 bits, so shifts and `|` would be wrong here. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte >= 128) continue;
      if (byte === 0 && scale > 1) throw new DeltaError("A number is longer than it need be.");
      return value;
    }
    throw new DeltaError("A number is too long.");
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
