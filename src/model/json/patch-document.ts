import { parsePointer } from "./pointer.ts";
import { getMember, isJsonObject, type JsonObject, type JsonValue } from "./value.ts";

/** One operation of a JSON Patch, its pointers parsed into tokens. */
export type Operation =
  | { op: "add" | "replace" | "test"; path: string[]; value: JsonValue }
  | { op: "move"; path: string[]; from: string[] }
  | { op: "copy"; path: string[]; from: string[] }
  | { op: "remove"; path: string[] };

/** The operations, or why the document is not a JSON Patch and where (`/3`; "" is the document itself). */
type PatchDocument = { ok: true; operations: Operation[] } | { ok: false; message: string; pointer: string };

/** Reads a patch document by RFC 6902 §3 and §4. Members that an operation does not define are ignored. */
export function readPatch(patch: unknown): PatchDocument {
  if (!Array.isArray(patch)) return { ok: false, message: "A JSON Patch is an array.", pointer: "" };
  const operations: Operation[] = [];
  for (const [i, item] of patch.entries()) {
    const operation = readOperation(item);
    if (typeof operation === "string") return { ok: false, message: operation, pointer: `/${i}` };
    operations.push(operation);
  }
  return { ok: true, operations };
}

/** The operation, or a sentence that says what is wrong with it. */
function readOperation(item: unknown): Operation | string {
  if (!isJsonObject(item)) return "An operation is an object.";
  const path = readPointer(item, "path");
  if (!path) return 'An operation needs a "path" that is a JSON Pointer.';
  const op = getMember(item, "op");
  if (op === "remove") return { op, path };
  if (op === "add" || op === "replace" || op === "test") return withValue(op, path, item);
  if (op === "move" || op === "copy") return withFrom(op, path, item);
  return 'The "op" of an operation is add, remove, replace, move, copy or test.';
}

function withValue(op: "add" | "replace" | "test", path: string[], item: JsonObject): Operation | string {
  const value = getMember(item, "value");
  return value === undefined ? `The operation ${op} needs a "value".` : { op, path, value };
}

function withFrom(op: "move" | "copy", path: string[], item: JsonObject): Operation | string {
  const from = readPointer(item, "from");
  return from ? { op, path, from } : `The operation ${op} needs a "from" that is a JSON Pointer.`;
}

function readPointer(item: JsonObject, name: string): string[] | null {
  const text = getMember(item, name);
  return typeof text === "string" ? parsePointer(text) : null;
}
