import { getMember, isJsonObject, isRawNumber, type JsonObject, type JsonValue } from "./value.ts";

/**
 * True when two values print the same but for the order of members: stricter than `equalJson`, for `1.0` and
 * `1` differ. Recursion follows the depth, which the caller has bounded (`checkJson`).
 */
export function isIdentical(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && areItemsIdentical(a, b);
  if (isJsonObject(a)) return isJsonObject(b) && areMembersIdentical(a, b);
  return isRawNumber(a) && isRawNumber(b) && a.rawJSON === b.rawJSON;
}

function areItemsIdentical(a: JsonValue[], b: JsonValue[]): boolean {
  return a.length === b.length && a.every((item, i) => isIdentical(item, b[i]!));
}

function areMembersIdentical(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => {
    const other = getMember(b, key);
    return other !== undefined && isIdentical(a[key]!, other);
  });
}
