import { formatPointer } from "../../model/json/pointer.ts";
import { writeLeaf } from "./leaves.ts";
import { below, MAX_DEPTH, type Place, ROOT, setMember, tokensOf, unsupported } from "./place.ts";
import { arrayProblem, isPlainScalar, objectProblem } from "./shape.ts";

/**
 * A document of plain JSON that stands for the value (docs/values.md): a tree of the same form, in which what
 * JSON does not know is an object with one member, whose name begins with `$`.
 *
 * @throws CairnValueError `unsupported_value`: a function, a symbol, a hole, an object of a class of its own,
 *   or more than 64 levels
 */
export function encodeTree(value: unknown): unknown {
  return new Encoder().encode(value, ROOT);
}

class Encoder {
  readonly #seen = new Map<object, Place>();

  encode(value: unknown, at: Place): unknown {
    if (isPlainScalar(value)) return value;
    if (typeof value === "number")
      return this.#tagged("$number", Object.is(value, -0) ? "-0" : String(value), at);
    if (typeof value === "bigint") return this.#tagged("$bigint", String(value), at);
    if (value === undefined) return this.#tagged("$undefined", true, at);
    if (typeof value === "object" && value !== null) return this.#object(value, at);
    throw unsupported(at, `is a ${typeof value}`);
  }

  #object(value: object, at: Place): unknown {
    const before = this.#seen.get(value);
    if (before) return this.#tagged("$ref", formatPointer(tokensOf(before)), at);
    this.#seen.set(value, at);
    const leaf = writeLeaf(value);
    if (leaf) return this.#tagged(...leaf, at);
    checkDepth(at);
    if (Array.isArray(value)) return this.#items(value, at);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Set.prototype || prototype === Map.prototype) {
      return this.#collection(value as Set<unknown> | Map<unknown, unknown>, at);
    }
    return this.#members(value, at);
  }

  #collection(value: Set<unknown> | Map<unknown, unknown>, at: Place): unknown {
    if (Reflect.ownKeys(value).length > 0) throw unsupported(at, "has members beside its items");
    const tag = value instanceof Set ? "$set" : "$map";
    const place = below(at, tag);
    checkDepth(place);
    return { [tag]: this.#items([...value], place) };
  }

  #items(items: readonly unknown[], at: Place): unknown[] {
    const problem = arrayProblem(items);
    if (problem) throw unsupported(at, problem);
    return items.map((item, i) => (isPlainScalar(item) ? item : this.encode(item, below(at, i))));
  }

  /** What only looks like a tag gets one more `$`. */
  #members(value: object, at: Place): object {
    const problem = objectProblem(value);
    if (problem) throw unsupported(at, problem);
    const keys = Object.keys(value);
    const looksTagged = keys.length === 1 && keys[0]!.startsWith("$");
    const members = {};
    for (const key of keys) {
      const name = looksTagged ? `$${key}` : key;
      const member = (value as Record<string, unknown>)[key];
      setMember(members, name, isPlainScalar(member) ? member : this.encode(member, below(at, name)));
    }
    return members;
  }

  #tagged(tag: string, content: unknown, at: Place): object {
    checkDepth(at);
    return { [tag]: content };
  }
}

/** @throws CairnValueError when there may be no array or object any more at this place */
function checkDepth(at: Place): void {
  if (at.depth >= MAX_DEPTH) throw unsupported(at, `is nested more than ${MAX_DEPTH} deep`);
}
