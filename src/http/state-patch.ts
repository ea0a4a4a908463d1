import { CairnError } from "../model/errors.ts";
import { applyJsonPatch } from "../model/json/json-patch.ts";
import { parseLossless, stringifyLossless } from "../model/json/lossless.ts";
import { applyMergePatch } from "../model/json/merge-patch.ts";
import type { JsonValue } from "../model/json/value.ts";
import { jsonTextOf, notJson } from "../model/json-content.ts";
import { tooLarge } from "./body.ts";
import type { JsonPatchType } from "./state-body.ts";

/**
 * The change that a patch makes to a state's bytes.
 *
 * @param patchText JSON that parses, of bounded depth
 * @returns a function that throws CairnError `malformed`, `not_json`, `patch_failed`, `too_large`,
 *   `too_deep`
 */
export function patcher(
  type: JsonPatchType,
  patchText: string,
  maxBytes: number,
): (content: Uint8Array, contentType: string) => Uint8Array {
  const patch = parseLossless(patchText);
  const apply = type === "application/merge-patch+json" ? applyMergePatch : applyOperations;
  return (content, contentType) => {
    const patched = apply(parseState(content, contentType), patch, maxBytes);
    const bytes = new TextEncoder().encode(stringifyLossless(patched));
    if (bytes.length > maxBytes) throw tooLarge(maxBytes);
    return bytes;
  };
}

/** A state that the library saved was not looked at: its type may promise too much. */
function parseState(content: Uint8Array, contentType: string): JsonValue {
  const text = jsonTextOf(contentType, content);
  if (text === null) throw notJson(contentType);
  try {
    return parseLossless(text);
  } catch {
    throw notJson(contentType);
  }
}

function applyOperations(target: JsonValue, patch: JsonValue, maxBytes: number): JsonValue {
  const result = applyJsonPatch(target, patch, { maxBytes });
  if (result.ok) return result.value;
  const { reason, limit, message, pointer } = result;
  if (limit === "bytes") throw tooLarge(maxBytes);
  if (limit === "depth") throw new CairnError("too_deep", message);
  const errors = [{ pointer, message }];
  throw new CairnError(reason === "malformed" ? "malformed" : "patch_failed", message, { errors });
}
