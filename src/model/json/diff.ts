import { align } from "./align.ts";
import { Classes } from "./classes.ts";
import { type Edit, editsOf, shiftsOf } from "./edits.ts";
import { isIdentical } from "./identical.ts";
import { parseLossless } from "./lossless.ts";
import { differingMembers } from "./members.ts";
import { formatPointer } from "./pointer.ts";
import { compactBytesAtLeast, literalBytes, textBytes } from "./text-bytes.ts";
import { getMember, isJsonObject, type JsonObject, type JsonValue } from "./value.ts";

/** An operation of a JSON Patch (RFC 6902) as `diffJson` makes them. Values may be `RawNumber`s. */
export type DiffOperation =
  | { op: "add" | "replace"; path: string; value: JsonValue }
  | { op: "remove"; path: string };

/**
 * The JSON Patch that makes the document `b` out of `a`, both valid JSON texts of bounded depth (`checkJson`).
 * Members of the outermost object whose text is the same in both are not even parsed.
 *
 * What counts is the value: white space, the spelling of strings and the order of members make no difference
 * (the patched document keeps `a`'s order, new members last). Numbers are their text: `1` to `1.0` is a
 * change, and big integers stay exact. Of a repeated key the last value counts, as everywhere here.
 *
 * The patch is never longer than `replace` of the whole (but where what is the same repeats keys), nor is
 * any part of it; equal documents make an empty one. `applyJsonPatch` applies it within its default limit of
 * shifts. It is short, but not always the shortest. Takes some steps for each character and level of depth,
 * however long the arrays and whatever they hold.
 */
export function diffJson(a: string, b: string): DiffOperation[] {
  if (a === b) return [];
  const differing = differingMembers(a, b);
  const short = differing && diffMembers(differing.a, differing.b, differing.same);
  return short ?? diffValues(parseLossless(a), parseLossless(b));
}

/** The same for documents that `parseLossless` made; the patch shares parts with `b`. */
export function diffValues(a: JsonValue, b: JsonValue): DiffOperation[] {
  const diff = new Diff();
  diff.compare(a, b);
  return diff.operations;
}

/** Null when replacing the whole document, of which `same` was left out, might be shorter. */
function diffMembers(a: JsonObject, b: JsonObject, same: string[]): DiffOperation[] | null {
  const diff = new Diff();
  diff.compareMembers(a, b);
  let whole = ENVELOPE.replace + literalBytes("") + textBytes(b, diff.bytes);
  for (const text of same) if (whole < diff.bytes) whole += compactBytesAtLeast(text, diff.bytes);
  return whole < diff.bytes ? null : diff.operations;
}

/** Half of what `applyJsonPatch` takes by default. */
const MOST_SHIFTS = 250_000_000;
/** `{"op":"replace","path":,"value":},`; `add` and `remove` are shorter by what their names are. */
const ENVELOPE = { add: 30, replace: 34, remove: 25 };

/** An array or object that is being compared: how the patch was before, and when to look whether it pays. */
interface Part {
  readonly b: JsonValue;
  readonly operationsBefore: number;
  readonly bytesBefore: number;
  checkAt: number;
  /** Replacing it is shorter already. */
  isLost: boolean;
}

/** A patch of fewer bytes is finished before it is compared with what replacing costs. */
const FIRST_CHECK = 100_000;

/** A patch under way: where it is in the document, and the operations so far. */
class Diff {
  readonly operations: DiffOperation[] = [];
  /** Of the operations as compact text. */
  bytes = 0;
  readonly #path: string[] = [];
  #part: Part = {
    b: null,
    operationsBefore: 0,
    bytesBefore: 0,
    checkAt: Number.POSITIVE_INFINITY,
    isLost: false,
  };
  #shiftsLeft = MOST_SHIFTS;

  compare(a: JsonValue, b: JsonValue): void {
    if (Array.isArray(a) && Array.isArray(b)) this.#comparePart(b, () => this.#compareItems(a, b));
    else if (isJsonObject(a) && isJsonObject(b)) this.#comparePart(b, () => this.compareMembers(a, b));
    else if (!isIdentical(a, b)) this.#replace(b);
  }

  /** Keeps the operations that `work` makes unless replacing is shorter. */
  #comparePart(b: JsonValue, work: () => void): void {
    const outer = this.#part;
    const part = {
      b,
      operationsBefore: this.operations.length,
      bytesBefore: this.bytes,
      checkAt: this.bytes + FIRST_CHECK,
      isLost: false,
    };
    this.#part = part;
    work();
    this.#part = outer;
    this.#check(part);
    if (!part.isLost) return;
    this.operations.length = part.operationsBefore;
    this.bytes = part.bytesBefore;
    this.#replace(b);
  }

  /** Each time the patch has doubled, so that all checks together cost no more than the patch. */
  #check(part: Part): void {
    const spent = this.bytes - part.bytesBefore;
    part.isLost ||= spent > 0 && this.#replaceBytes(part.b, spent) < spent;
    part.checkAt = this.bytes + spent;
  }

  compareMembers(a: JsonObject, b: JsonObject): void {
    for (const key of Object.keys(a)) if (!Object.hasOwn(b, key)) this.#at(key, () => this.#remove());
    for (const key of Object.keys(b)) {
      const old = getMember(a, key);
      this.#at(key, () => (old === undefined ? this.#add(b[key]!) : this.compare(old, b[key]!)));
    }
  }

  #compareItems(a: JsonValue[], b: JsonValue[]): void {
    const edits = editsBetween(a, b);
    const shifts = shiftsOf(edits, a.length);
    if (shifts <= this.#shiftsLeft) {
      this.#shiftsLeft -= shifts;
      for (const edit of edits) this.#apply(edit, a, b);
    } else this.#replace(b);
  }

  /** From front to back, so what stands before an edit is as in `b` already, and so are the indices. */
  #apply({ from, at, changed, removed, added }: Edit, a: JsonValue[], b: JsonValue[]): void {
    for (let i = 0; i < changed; i++) this.#at(String(at + i), () => this.compare(a[from + i]!, b[at + i]!));
    const next = at + changed;
    for (let i = 0; i < removed; i++) this.#at(String(next), () => this.#remove());
    for (let i = 0; i < added; i++) this.#at(String(next + i), () => this.#add(b[next + i]!));
  }

  /** Does the work for a member or item, unless its array or object is given up. */
  #at(token: string, work: () => void): void {
    if (this.#part.isLost) return;
    this.#path.push(token);
    work();
    this.#path.pop();
    if (this.bytes > this.#part.checkAt) this.#check(this.#part);
  }

  #add(value: JsonValue): void {
    this.#push({ op: "add", path: formatPointer(this.#path), value }, textBytes(value));
  }

  #replace(value: JsonValue): void {
    this.#push({ op: "replace", path: formatPointer(this.#path), value }, textBytes(value));
  }

  #remove(): void {
    this.#push({ op: "remove", path: formatPointer(this.#path) }, 0);
  }

  #push(operation: DiffOperation, valueBytes: number): void {
    this.operations.push(operation);
    this.bytes += ENVELOPE[operation.op] + literalBytes(operation.path) + valueBytes;
  }

  /** What replacing here by `b` would cost, or anything more than `atMost`. */
  #replaceBytes(b: JsonValue, atMost: number): number {
    const own = ENVELOPE.replace + literalBytes(formatPointer(this.#path));
    return own > atMost ? own : own + textBytes(b, atMost - own);
  }
}

/** Equal items at both ends are stepped over; only what is between is looked at closer. */
function editsBetween(a: JsonValue[], b: JsonValue[]): Edit[] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && isIdentical(a[start]!, b[start]!)) start++;
  let end = 0;
  while (end < shorter - start && isIdentical(a.at(-1 - end)!, b.at(-1 - end)!)) end++;
  const [aEnd, bEnd] = [a.length - end, b.length - end];
  return editsOf(partners(a, b, start, aEnd, bEnd), start, aEnd);
}

/** For each item of `b` from `start` the place of its like in `a`, counted from there too; -1: none. */
function partners(a: JsonValue[], b: JsonValue[], start: number, aEnd: number, bEnd: number): Int32Array {
  const [left, right] = [aEnd - start, bEnd - start];
  if (left === 0 || right === 0 || left + right === 2) return new Int32Array(right).fill(-1);
  const classes = new Classes();
  return align(classes.numbersOf(a, start, aEnd), classes.numbersOf(b, start, bEnd));
}
