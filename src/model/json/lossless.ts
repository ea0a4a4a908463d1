import { equalDecimals, isCanonicalNumber } from "./number.ts";
import { QUOTE, skipString } from "./scan.ts";
import { getMember, isJsonObject, isRawNumber, type JsonObject, type JsonValue } from "./value.ts";

/**
 * Parses JSON so that every number keeps its text: one that a double would print otherwise (`1e400`, `-0`,
 * `1.0`, integers over 2^53) becomes a `RawNumber`. Of a repeated key the last value counts, as in
 * `JSON.parse`, and keys that look like array indices come first: key order is not kept for those.
 *
 * The depth must have been bounded before (`checkJson`): the reviver recurses.
 * @throws SyntaxError when the text is not JSON.
 */
export function parseLossless(text: string): JsonValue {
  if (!losesNumbers(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && !isCanonicalNumber(source)
      ? JSON.rawJSON(source)
      : value,
  ) as JsonValue;
}

/** Prints a value compactly, numbers with their own text. Lone surrogates come out as `\udXXX` escapes. */
export function stringifyLossless(value: JsonValue): string {
  return JSON.stringify(value);
}

/** The reviver costs ten times a plain parse, so the numbers are looked through first. */
function losesNumbers(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (isNumberPart(code)) {
      const end = numberEnd(text, at);
      if (!isPlainNumber(text, at, end)) return true;
      at = end - 1;
    }
  }
  return false;
}

/** Digits, `+`, `-` and `.`: outside strings they appear in numbers only. */
function isNumberPart(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e || code === 0x2b;
}

function numberEnd(text: string, from: number): number {
  let end = from + 1;
  while (isNumberPart(text.charCodeAt(end)) || isExponentMark(text.charCodeAt(end))) end++;
  return end;
}

function isExponentMark(code: number): boolean {
  return code === 0x65 || code === 0x45;
}

/** Single digits are most of what documents hold; all others are compared with their canonical text. */
function isPlainNumber(text: string, from: number, end: number): boolean {
  return end - from === 1 || isCanonicalNumber(text.slice(from, end));
}

/**
 * Deep equality in the sense of RFC 6902 §4.6: members in any order, strings by code unit, numbers as the
 * decimals they are written as (`1.0` equals 1, `1e400` equals `10e399`). Iterative, so depth costs no stack.
 */
export function equalJson(a: JsonValue, b: JsonValue): boolean {
  const pending: Pair[] = [];
  for (let pair: Pair | undefined = [a, b]; pair; pair = pending.pop()) {
    if (!equalLevel(pair[0], pair[1], pending)) return false;
  }
  return true;
}

type Pair = [JsonValue, JsonValue];

function equalLevel(a: JsonValue, b: JsonValue, pending: Pair[]): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && equalArrays(a, b, pending);
  if (isJsonObject(a)) return isJsonObject(b) && equalObjects(a, b, pending);
  return equalScalars(a, b);
}

function equalArrays(a: JsonValue[], b: JsonValue[], pending: Pair[]): boolean {
  return a.length === b.length && a.every((item, i) => equalOrPending(item, b[i]!, pending));
}

function equalObjects(a: JsonObject, b: JsonObject, pending: Pair[]): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => {
    const other = getMember(b, key);
    return other !== undefined && equalOrPending(a[key]!, other, pending);
  });
}

/** Scalars are settled at once; only pairs that start with a container wait. */
function equalOrPending(a: JsonValue, b: JsonValue, pending: Pair[]): boolean {
  if (!Array.isArray(a) && !isJsonObject(a)) return equalScalars(a, b);
  pending.push([a, b]);
  return true;
}

function equalScalars(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (!isRawNumber(a) && !isRawNumber(b)) return false;
  const [left, right] = [numberText(a), numberText(b)];
  return left !== null && right !== null && equalDecimals(left, right);
}

function numberText(value: JsonValue): string | null {
  if (isRawNumber(value)) return value.rawJSON;
  return typeof value === "number" ? String(value) : null;
}
