declare global {
  interface JSON {
    /** Wraps a number's text so that `JSON.stringify` prints it as it is (TC39 "JSON.parse source text access"). */
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): boolean;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/** A number that a double cannot hold as written (`1e400`, `1.0`, `-0`): a frozen object around its text. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** An object of a document; every member, `__proto__` too, is an own property. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** A JSON document as `parseLossless` makes it. Treat it as immutable: results share parts with their inputs. */
export type JsonValue = null | boolean | number | string | RawNumber | JsonValue[] | JsonObject;

/** True for a number kept as its text. To `typeof` it is an object, but it is a scalar. */
export function isRawNumber(value: unknown): value is RawNumber {
  return JSON.isRawJSON(value);
}

/** True for a JSON object: not null, not an array, not a number kept as text. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

/** The own member `key`, or undefined: what a prototype holds is never a member. */
export function getMember(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets an own member under any name. Plain assignment would call the setter of `__proto__`. */
export function setMember(object: JsonObject, key: string, value: JsonValue): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A copy of one object level. Spread defines own properties, so `__proto__` stays a plain member. */
export function copyObject(object: JsonObject): JsonObject {
  return { ...object };
}
