import { CairnError } from "./errors.ts";
import { checkJson, decodeUtf8 } from "./json/text.ts";

/** The type and subtype of a `Content-Type`, in lowercase, without parameters (RFC 9110 §8.3.1). */
export function essence(contentType: string): string {
  return contentType.split(";", 1)[0]!.trim().toLowerCase();
}

/** Whether content of this type is JSON: `application/json` itself, or a type built on it (RFC 6839 §3.1). */
export function isJson(contentType: string): boolean {
  const type = essence(contentType);
  return type === "application/json" || type.endsWith("+json");
}

/** The text of JSON content; null when it is of another type, or not UTF-8. */
export function jsonTextOf(contentType: string, bytes: Uint8Array): string | null {
  return isJson(contentType) ? decodeUtf8(bytes) : null;
}

/**
 * As `jsonTextOf`, of content that nobody may have looked at: its type may promise too much.
 *
 * @throws CairnError `not_json`, also for what does not parse or is too deep
 */
export function checkedJsonText(contentType: string, bytes: Uint8Array): string {
  const text = jsonTextOf(contentType, bytes);
  if (text === null || !checkJson(text).ok) throw notJson(contentType);
  return text;
}

/** Whether content that nobody has looked at is what its type says: JSON that parses, or of another type. */
export function fitsType(contentType: string, bytes: Uint8Array): boolean {
  if (!isJson(contentType)) return true;
  const text = decodeUtf8(bytes);
  return text !== null && checkJson(text).ok;
}

export function notJson(contentType: string): CairnError {
  return new CairnError("not_json", `The content is of type ${contentType}, which has no JSON parts.`);
}
