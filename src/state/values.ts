import { CairnError } from "../model/errors.ts";

/** What the library saves: anything JSON can hold, or bytes. */
export type StateValue = JsonLike | Uint8Array;
export type JsonLike =
  | null
  | boolean
  | number
  | string
  | readonly JsonLike[]
  | { readonly [key: string]: JsonLike };

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

/**
 * A value as bytes with their content type.
 *
 * @throws CairnError `malformed` for what JSON would silently drop or change (undefined, NaN, holes, symbols, Date…)
 */
export function encodeValue(value: StateValue): { content: Uint8Array; contentType: string } {
  // A copy: it is saved after the caller has gone on, perhaps with the same buffer.
  if (value instanceof Uint8Array) return { content: new Uint8Array(value), contentType: BYTES_TYPE };
  refuseLossy(value);
  return { content: new TextEncoder().encode(JSON.stringify(value)), contentType: JSON_TYPE };
}

/** JSON types come back as values, all others as the bytes saved. */
export function decodeValue(content: Uint8Array, contentType: string): unknown {
  if (!/^application\/(?:[^;]+\+)?json\b/i.test(contentType)) return content;
  return JSON.parse(new TextDecoder().decode(content));
}

/** @param at the pointer of the value itself @throws CairnError `malformed` for what JSON would lose or change */
export function refuseLossy(root: unknown, at = ""): void {
  const stack: { value: unknown; pointer: string; depth: number }[] = [
    { value: root, pointer: at, depth: 0 },
  ];
  for (let item = stack.pop(); item; item = stack.pop()) {
    const { value, pointer, depth } = item;
    const problem = lossy(value) ?? (depth > 64 ? "is nested more than 64 deep, or holds itself" : null);
    if (problem) {
      const message = `The value at "${pointer}" ${problem}: JSON cannot keep it.`;
      throw new CairnError("malformed", message, { errors: [{ pointer, message: problem }] });
    }
    if (typeof value !== "object" || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      const token = name.replace(/~/g, "~0").replace(/\//g, "~1");
      stack.push({ value: member, pointer: `${pointer}/${token}`, depth: depth + 1 });
    }
  }
}

/** Why JSON would drop or change a value without a word; null: it keeps it, but for what is inside. */
function lossy(value: unknown): string | null {
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? null : `is ${value}`;
  if (value === null || typeof value === "string" || typeof value === "boolean") return null;
  if (typeof value !== "object") return `is of type ${typeof value}`;
  if (Array.isArray(value)) return lossyArray(value);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `is a ${prototype.constructor?.name ?? "special object"}`;
  }
  const visible = Object.keys(value).length;
  return Reflect.ownKeys(value).length === visible ? null : "has symbols for keys, or hidden members";
}

/** Own keys come in the order: indices, `length`, the rest. */
function lossyArray(value: readonly unknown[]): string | null {
  const keys = Reflect.ownKeys(value);
  if (keys[value.length] !== "length") return "has holes";
  return keys.length === value.length + 1 ? null : "has members beside its items";
}
