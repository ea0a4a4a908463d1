import { malformed } from "./invalid.ts";

/** The type and subtype of a `Content-Type`, in lowercase, without parameters (RFC 9110 §8.3.1). */
export function essence(contentType: string): string {
  return contentType.split(";", 1)[0]!.trim().toLowerCase();
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t !#-\\[\\]-~]|\\\\[\\t -~])*"';
/** RFC 9110 §8.3.1, of ASCII alone: other bytes come out of each runtime as something else. */
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;[ \\t]*(?:${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*$`);
const LONGEST = 256;

/**
 * The `Content-Type` of a request; null when it has none. Two of them arrive as one, joined by a comma.
 *
 * @throws CairnError `malformed` when it is no media type
 */
export function contentTypeOf(headers: Headers): string | null {
  const type = headers.get("Content-Type");
  if (!type) return null;
  if (type.length > LONGEST) throw malformed("Content-Type", `at most ${LONGEST} characters`);
  if (!MEDIA_TYPE.test(type))
    throw malformed("Content-Type", "must be one media type, like application/json");
  return type;
}

/** Whether content of this type is JSON: `application/json` itself, or a type built on it (RFC 6839 §3.1). */
export function isJson(contentType: string): boolean {
  const type = essence(contentType);
  return type === "application/json" || type.endsWith("+json");
}
