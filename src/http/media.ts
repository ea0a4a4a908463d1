import { malformed } from "./invalid.ts";

export { essence, isJson } from "../model/json-content.ts";

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
  return type ? checkContentType(type, "Content-Type") : null;
}

/** @param pointer where it stands @throws CairnError `malformed` when it is no media type */
export function checkContentType(type: string, pointer: string): string {
  if (type.length > LONGEST) throw malformed(pointer, `at most ${LONGEST} characters`);
  if (!MEDIA_TYPE.test(type)) throw malformed(pointer, "must be one media type, like application/json");
  return type;
}
