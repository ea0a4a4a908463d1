import { parseLossless } from "./lossless.ts";
import { decodeKey, nextElement, OPEN_OBJECT, QUOTE, skipSpace, skipString, skipValue } from "./scan.ts";
import { type JsonObject, setMember } from "./value.ts";

/**
 * The very text of each member's value of a JSON object, by key; null when the text is no object. Of a repeated
 * key the last value counts, as in `JSON.parse`.
 *
 * @param text valid JSON (`checkJson`)
 */
export function memberTexts(text: string): Map<string, string> | null {
  const start = skipSpace(text, 0);
  if (text.charCodeAt(start) !== OPEN_OBJECT) return null;
  const members = new Map<string, string>();
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = skipString(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    members.set(decodeKey(text.slice(at, keyEnd)), text.slice(valueStart, valueEnd));
    at = nextElement(text, valueEnd);
  }
  return members;
}

/** Two objects without the members that both have in the very same text. */
interface Differing {
  a: JsonObject;
  b: JsonObject;
  /** The texts left out. */
  same: string[];
}

/** Null when one of the texts is no object, or they have no member in common. */
export function differingMembers(a: string, b: string): Differing | null {
  const [inA, inB] = [memberTexts(a), memberTexts(b)];
  if (!inA || !inB) return null;
  const same = [...inB].filter(([key, text]) => inA.get(key) === text);
  if (same.length === 0) return null;
  for (const [key] of same) {
    inA.delete(key);
    inB.delete(key);
  }
  return { a: parseMembers(inA), b: parseMembers(inB), same: same.map(([, text]) => text) };
}

function parseMembers(members: Map<string, string>): JsonObject {
  const object: JsonObject = {};
  for (const [key, text] of members) setMember(object, key, parseLossless(text));
  return object;
}
