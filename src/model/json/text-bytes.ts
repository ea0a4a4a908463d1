import { isRawNumber, type JsonObject, type JsonValue } from "./value.ts";

/**
 * Bytes of the compact UTF-8 text of a value, exactly as `stringifyLossless` prints it. Stops when it is past
 * `atMost`, and answers any number above that. Recursion follows the depth, which the caller has bounded.
 */
export function textBytes(value: JsonValue, atMost = Number.POSITIVE_INFINITY): number {
  if (typeof value === "string") return literalBytes(value);
  if (typeof value !== "object" || value === null) return String(value).length;
  if (Array.isArray(value)) return itemsBytes(value, atMost);
  return isRawNumber(value) ? value.rawJSON.length : membersBytes(value, atMost);
}

function itemsBytes(items: JsonValue[], atMost: number): number {
  let bytes = 2 + Math.max(0, items.length - 1);
  for (const item of items) {
    if (bytes > atMost) break;
    bytes += textBytes(item, atMost - bytes);
  }
  return bytes;
}

function membersBytes(object: JsonObject, atMost: number): number {
  const keys = Object.keys(object);
  let bytes = 2 + Math.max(0, keys.length - 1);
  for (const key of keys) {
    if (bytes > atMost) break;
    bytes += literalBytes(key) + 1 + textBytes(object[key]!, atMost - bytes);
  }
  return bytes;
}

/** Bytes of a string as a JSON literal, quotes included. */
export function literalBytes(text: string): number {
  let bytes = 2;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x20 && code < 0x80) bytes += code === 0x22 || code === 0x5c ? 2 : 1;
    else if (code < 0x20) bytes += isShortEscape(code) ? 2 : 6;
    else if (isPair(text, at, code)) {
      bytes += 4;
      at++;
    } else bytes += isSurrogate(code) ? 6 : plainBytes(code);
  }
  return bytes;
}

/** The longest spelling of one byte (`\\u0041`). */
const LONGEST_SPELLING = 6;

/**
 * At most the bytes of the compact text of what a JSON text stands for, without parsing it: white space and
 * escapes may go. Stops when it is past `enough`.
 */
export function compactBytesAtLeast(text: string, enough: number): number {
  let units = 0;
  for (let at = 0; at < text.length && units <= LONGEST_SPELLING * enough; at++) {
    if (text.charCodeAt(at) > 0x20) units++;
  }
  return units / LONGEST_SPELLING;
}

/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isPair(text, at, code)) {
      bytes += 4;
      at++;
    } else bytes += plainBytes(code);
  }
  return bytes;
}

function plainBytes(code: number): number {
  if (code < 0x80) return 1;
  return code < 0x800 ? 2 : 3;
}

/** `\b`, `\t`, `\n`, `\f` and `\r`; other control characters are written as `\u00XX`. */
function isShortEscape(code: number): boolean {
  return code >= 8 && code <= 13 && code !== 11;
}

function isSurrogate(code: number): boolean {
  return (code & 0xf800) === 0xd800;
}

function isPair(text: string, at: number, code: number): boolean {
  return (code & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}
