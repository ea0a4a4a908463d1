import { isIdentical } from "./identical.ts";
import { isRawNumber, type JsonObject, type JsonValue } from "./value.ts";

/**
 * Numbers for values, so that lists of them can be compared as lists of integers: two values have one number
 * only if they are identical. They are found by hash and then compared; a value whose hash is taken by another
 * gets a number of its own, so a list made to collide costs time in proportion to its length, and is compared
 * less well.
 */
export class Classes {
  readonly #byHash = new Map<number, { value: JsonValue; number: number }>();
  #next = 0;

  numbersOf(values: readonly JsonValue[], from: number, to: number): Int32Array {
    const numbers = new Int32Array(to - from);
    for (let i = from; i < to; i++) numbers[i - from] = this.#numberOf(values[i]!);
    return numbers;
  }

  #numberOf(value: JsonValue): number {
    const hash = hashOf(value);
    const known = this.#byHash.get(hash);
    if (known && isIdentical(known.value, value)) return known.number;
    const number = this.#next++;
    if (!known) this.#byHash.set(hash, { value, number });
    return number;
  }
}

const TAGS = { null: 1, true: 2, false: 3, number: 4, string: 5, array: 6, object: 7 };

/** 32 bits that do not depend on the order of members. */
function hashOf(value: JsonValue): number {
  if (typeof value === "string") return hashText(TAGS.string, value);
  if (typeof value === "number") return hashNumber(value);
  if (value === null) return TAGS.null;
  if (typeof value === "boolean") return value ? TAGS.true : TAGS.false;
  if (Array.isArray(value)) return hashItems(value);
  return isRawNumber(value) ? hashText(TAGS.number, value.rawJSON) : hashMembers(value);
}

function hashItems(items: JsonValue[]): number {
  let hash = TAGS.array;
  for (const item of items) hash = mix(hash, hashOf(item));
  return hash;
}

function hashMembers(object: JsonObject): number {
  let sum = 0;
  for (const key of Object.keys(object)) {
    sum = (sum + mix(hashText(TAGS.string, key), hashOf(object[key]!))) | 0;
  }
  return mix(TAGS.object, sum);
}

function hashNumber(value: number): number {
  if ((value | 0) === value) return mix(TAGS.number, value);
  return hashText(TAGS.number, String(value));
}

/** FNV-1a over code units. */
function hashText(seed: number, text: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash, text.length);
}

/** The last steps of MurmurHash3: every bit of both reaches every bit of the result. */
function mix(a: number, b: number): number {
  let hash = Math.imul(a, 31) + b + 0x9e3779b9;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
