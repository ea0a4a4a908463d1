import { isJsonObject, isRawNumber, type JsonValue } from "./value.ts";

/** What `measure` found, or which limit it met first. */
type Measured = { bytes: number; exceeds: null | "bytes" | "depth" };

/** Limits of `measure`: `maxDepth` counts nesting as `checkJson` does. */
export interface MeasureLimits {
  maxBytes: number;
  maxDepth: number;
}

type Container = JsonValue[] | { [key: string]: JsonValue };

/**
 * Estimates the compact text of a value, in bytes: never more than its real UTF-8 length, less where a
 * string needs escapes or more than a byte a character. It stops at the first limit it meets, so a document
 * whose parts are shared a million times over costs no more than `maxBytes` steps.
 * @param visit is called once for every array and object met.
 */
export function measure(
  value: JsonValue,
  { maxBytes, maxDepth }: MeasureLimits,
  visit: (container: object) => void = () => {},
): Measured {
  const pending: { container: Container; depth: number }[] = [];
  let bytes = 0;
  const take = (item: JsonValue, depth: number): void => {
    bytes += ownSize(item);
    if (Array.isArray(item) || isJsonObject(item)) pending.push({ container: item, depth });
  };
  take(value, 1);
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (bytes > maxBytes) return { bytes, exceeds: "bytes" };
    if (next.depth > maxDepth) return { bytes, exceeds: "depth" };
    visit(next.container);
    const punctuation = takeAll(next.container, (item) => take(item, next.depth + 1));
    bytes += punctuation;
  }
  return { bytes, exceeds: bytes > maxBytes ? "bytes" : null };
}

/** Hands on what a container holds; answers the bytes of its keys and separators. */
function takeAll(container: Container, take: (item: JsonValue) => void): number {
  if (Array.isArray(container)) {
    for (const item of container) take(item);
    return Math.max(0, container.length - 1);
  }
  const keys = Object.keys(container);
  let bytes = Math.max(0, keys.length - 1);
  for (const key of keys) {
    bytes += key.length + 3;
    take(container[key]!);
  }
  return bytes;
}

/** A scalar's text, or a container's two brackets. */
function ownSize(value: JsonValue): number {
  if (typeof value === "string") return value.length + 2;
  if (isRawNumber(value)) return value.rawJSON.length;
  return typeof value === "object" && value !== null ? 2 : String(value).length;
}
