import { ByteWriter } from "./bytes.ts";
import { MAGIC, VERSION } from "./format.ts";

/** Collects what makes the target, in order, and lays it out as a delta (see format.ts). */
export class DeltaWriter {
  readonly #base: Uint8Array;
  readonly #target: Uint8Array;
  readonly #ops = new ByteWriter();
  /** Start and end in the target of what is inserted, by turns: copied only when the delta is laid out. */
  readonly #literals: number[] = [];
  #literalBytes = 0;
  #inserted = 0;
  #copyFrom = 0;
  #copied = 0;
  #expected = 0;

  constructor(base: Uint8Array, target: Uint8Array) {
    this.#base = base;
    this.#target = target;
  }

  /** The target goes on with its own bytes `from` to `end`. */
  insert(from: number, end: number): void {
    if (from === end) return;
    this.#flush();
    this.#inserted += end - from;
    this.#literalBytes += end - from;
    this.#literals.push(from, end);
  }

  /** The target goes on with `length` bytes of the base; what continues the copy before it is joined to it. */
  copy(from: number, length: number): void {
    if (length === 0) return;
    if (this.#copied === 0 || from !== this.#copyFrom + this.#copied) {
      this.#flush();
      this.#copyFrom = from;
    }
    this.#copied += length;
  }

  finish(): Uint8Array {
    this.#flush();
    if (this.#inserted > 0) this.#operation(0, 0);
    const header = new ByteWriter();
    header.byte(MAGIC);
    header.byte(VERSION);
    for (const length of [this.#target.length, this.#base.length, this.#ops.length]) header.varint(length);
    const literalsAt = header.length + this.#ops.length;
    const delta = new Uint8Array(literalsAt + this.#literalBytes);
    delta.set(header.written());
    delta.set(this.#ops.written(), header.length);
    this.#placeLiterals(delta, literalsAt);
    return delta;
  }

  #placeLiterals(delta: Uint8Array, start: number): void {
    let at = start;
    for (let i = 0; i < this.#literals.length; i += 2) {
      const literal = this.#target.subarray(this.#literals[i], this.#literals[i + 1]);
      delta.set(literal, at);
      at += literal.length;
    }
  }

  #flush(): void {
    if (this.#copied === 0) return;
    const move = this.#copyFrom - this.#expected - this.#inserted;
    this.#operation(this.#copied, move);
    this.#expected = this.#copyFrom + this.#copied;
    this.#copied = 0;
  }

  #operation(copied: number, move: number): void {
    this.#ops.varint(this.#inserted);
    this.#ops.varint(2 * copied + (move === 0 ? 0 : 1));
    if (move !== 0) this.#ops.zigzag(move);
    this.#inserted = 0;
  }
}
