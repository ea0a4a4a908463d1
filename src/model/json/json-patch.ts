import { type Operation, readPatch } from "./patch-document.ts";
import { type JsonPatchLimits, Patching, Refusal } from "./patching.ts";
import type { JsonValue } from "./value.ts";

/**
 * The patched document, or why there is none. "malformed": the patch is not a document of RFC 6902;
 * "failed": it cannot be applied to this target, or exceeds a limit (then `limit` says which). `pointer` names
 * the operation in the patch (`/3`), or is "" when the patch as a whole is meant.
 */
export type JsonPatchResult =
  | { ok: true; value: JsonValue }
  | { ok: false; reason: "malformed" | "failed"; limit: Refusal["limit"]; message: string; pointer: string };

/**
 * Applies a JSON Patch (RFC 6902) as a whole or not at all. The target is not changed; the result shares
 * parts with it and with the patch. Objects keep `__proto__` as a plain member, numbers their text.
 */
export function applyJsonPatch(
  target: JsonValue,
  patch: unknown,
  limits: JsonPatchLimits = {},
): JsonPatchResult {
  const document = readPatch(patch);
  if (!document.ok) return { ...document, reason: "malformed", limit: null };
  return run(document.operations, new Patching(target, limits));
}

function run(operations: Operation[], patching: Patching): JsonPatchResult {
  let done = 0;
  try {
    for (; done < operations.length; done++) patching.apply(operations[done]!);
  } catch (error) {
    return refused(error, `/${done}`);
  }
  try {
    return { ok: true, value: patching.finish() };
  } catch (error) {
    return refused(error, "");
  }
}

function refused(error: unknown, pointer: string): JsonPatchResult {
  if (!(error instanceof Refusal)) throw error;
  const { limit, message } = error;
  return { ok: false, reason: "failed", limit, message, pointer };
}
