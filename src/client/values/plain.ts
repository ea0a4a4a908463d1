import { MAX_DEPTH } from "./place.ts";
import { arrayProblem, isPlainScalar, objectProblem } from "./shape.ts";

/**
 * Whether `JSON.parse(JSON.stringify(value))` is the same value: nothing but what JSON knows, and no object
 * that is in it twice. What may nest too deeply is left for the encoder to refuse.
 */
export function isPlainJson(value: unknown): boolean {
  return isPlain(value, MAX_DEPTH, new Set());
}

function isPlain(value: unknown, room: number, seen: Set<object>): boolean {
  if (isPlainScalar(value)) return true;
  if (typeof value !== "object" || value === null || room === 0 || seen.has(value)) return false;
  seen.add(value);
  if (Array.isArray(value)) return arrayProblem(value) === null && areItemsPlain(value, room - 1, seen);
  return objectProblem(value) === null && areItemsPlain(Object.values(value), room - 1, seen);
}

function areItemsPlain(items: readonly unknown[], room: number, seen: Set<object>): boolean {
  for (const item of items) if (!isPlain(item, room, seen)) return false;
  return true;
}
