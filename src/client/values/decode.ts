import { parseIndex, parsePointer } from "../../model/json/pointer.ts";
import { readLeaf } from "./leaves.ts";
import { badValue, below, MAX_DEPTH, type Place, ROOT, setMember } from "./place.ts";
import { isPlainScalar } from "./shape.ts";

const NUMBERS: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

/**
 * The value that a document made by `encodeTree` stands for. The document may be hostile: it makes only the
 * classes that docs/values.md names, sets no prototype, and takes time and memory in proportion to its length.
 *
 * @param document as `JSON.parse` gave it
 * @throws CairnValueError `bad_value`
 */
export function decodeTree(document: unknown): unknown {
  return new Decoder(document).decode(document, ROOT);
}

class Decoder {
  readonly #document: unknown;
  /** What was made of each array and object of the document, as far as it was made: what `$ref` may lead to. */
  readonly #made = new Map<object, unknown>();

  constructor(document: unknown) {
    this.#document = document;
  }

  decode(node: unknown, at: Place): unknown {
    if (typeof node !== "object" || node === null) return node;
    if (at.depth >= MAX_DEPTH) throw badValue(at, `is nested more than ${MAX_DEPTH} deep`);
    if (Array.isArray(node)) return this.#items(node, at, this.#making(node, []));
    const entries = Object.entries(node);
    const [key, content] = entries[0] ?? [""];
    if (entries.length === 1 && key.startsWith("$")) return this.#tagged(node, key, content, at);
    return this.#members(entries, at, this.#making(node, {}));
  }

  #making<T>(node: object, made: T): T {
    this.#made.set(node, made);
    return made;
  }

  #items(node: readonly unknown[], at: Place, items: unknown[]): unknown[] {
    for (const [i, item] of node.entries()) {
      items.push(isPlainScalar(item) ? item : this.decode(item, below(at, i)));
    }
    return items;
  }

  #members(entries: [string, unknown][], at: Place, members: object): object {
    for (const [key, member] of entries) {
      setMember(members, key, isPlainScalar(member) ? member : this.decode(member, below(at, key)));
    }
    return members;
  }

  /** An object that only looked like a tag. */
  #escaped(name: string, content: unknown, at: Place, members: object): object {
    setMember(members, name.slice(1), this.decode(content, at));
    return members;
  }

  #tagged(node: object, tag: string, content: unknown, at: Place): unknown {
    const place = below(at, tag);
    if (tag.startsWith("$$")) return this.#escaped(tag, content, place, this.#making(node, {}));
    if (tag === "$ref") return this.#referred(content, at);
    if (tag === "$set") return this.#set(arrayOf(content, place), place, this.#making(node, new Set()));
    if (tag === "$map") return this.#map(arrayOf(content, place), place, this.#making(node, new Map()));
    if (tag === "$undefined" && content === true) return undefined;
    const value = readScalar(tag, content) ?? readLeaf(tag, content);
    if (value === undefined) throw badValue(at, "has a tag or a content that this release does not know");
    return this.#making(node, value);
  }

  #set(items: readonly unknown[], at: Place, set: Set<unknown>): Set<unknown> {
    for (const [i, item] of items.entries()) set.add(this.decode(item, below(at, i)));
    return set;
  }

  #map(pairs: readonly unknown[], at: Place, map: Map<unknown, unknown>): Map<unknown, unknown> {
    for (const [i, pair] of pairs.entries()) {
      const place = below(at, i);
      const [key, value, ...others] = arrayOf(pair, place);
      if (value === undefined || others.length > 0) throw badValue(place, "is not a key and a value");
      map.set(this.decode(key, below(place, 0)), this.decode(value, below(place, 1)));
    }
    return map;
  }

  #referred(pointer: unknown, at: Place): unknown {
    const tokens = typeof pointer === "string" ? parsePointer(pointer) : null;
    let node: unknown = tokens ? this.#document : undefined;
    for (const token of tokens ?? []) node = memberOf(node, token);
    if (typeof node !== "object" || node === null || !this.#made.has(node)) {
      throw badValue(at, "refers to nothing that comes before it");
    }
    return this.#made.get(node);
  }
}

function readScalar(tag: string, content: unknown): unknown {
  if (tag === "$number") return NUMBERS.get(content);
  const isInteger = tag === "$bigint" && typeof content === "string" && /^-?\d+$/.test(content);
  return isInteger ? bigint(content) : undefined;
}

/** Undefined for more digits than the runtime can hold. */
function bigint(digits: string): bigint | undefined {
  try {
    return BigInt(digits);
  } catch {
    return undefined;
  }
}

function memberOf(node: unknown, token: string): unknown {
  if (typeof node !== "object" || node === null) return undefined;
  if (Array.isArray(node)) return node[parseIndex(token) ?? -1];
  return Object.hasOwn(node, token) ? (node as Record<string, unknown>)[token] : undefined;
}

function arrayOf(content: unknown, at: Place): readonly unknown[] {
  if (Array.isArray(content)) return content;
  throw badValue(at, "is not an array");
}
