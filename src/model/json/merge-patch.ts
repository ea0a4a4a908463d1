import { copyObject, getMember, isJsonObject, type JsonValue, setMember } from "./value.ts";

/**
 * Applies a JSON Merge Patch (RFC 7396): members of the patch replace those of the target, null removes,
 * anything but an object replaces the whole. Neither argument is changed; the result shares their parts.
 * Recursion follows the patch's depth, which the caller has bounded (`checkJson`); the result is never
 * deeper than the deeper of the two.
 */
export function applyMergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  return merge(target, patch);
}

function merge(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged = isJsonObject(target) ? copyObject(target) : {};
  for (const key of Object.keys(patch)) {
    const change = patch[key]!;
    if (change === null) delete merged[key];
    else setMember(merged, key, merge(getMember(merged, key), change));
  }
  return merged;
}
