/*
 * Steps over JSON text without building values. All functions take positions in UTF-16 units; none of
 * them judges the grammar, and on broken text they end at the text's end instead of throwing.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
const BACKSLASH = 0x5c;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The first position at or after `from` that holds no JSON white space (RFC 8259 §2: four characters). */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** The position after the string whose opening quote is at `from`. */
export function skipString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    if (!isEscaped(text, quote)) return quote + 1;
  }
  return text.length;
}

/** A quote is escaped by an odd run of backslashes. Runs of two quotes never overlap, so this stays linear. */
function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text.charCodeAt(before) === BACKSLASH) before--;
  return (quote - before) % 2 === 0;
}

/** The position after the value that starts at `from`. */
export function skipValue(text: string, from: number): number {
  const code = text.charCodeAt(from);
  if (code === QUOTE) return skipString(text, from);
  if (code === OPEN_ARRAY || code === OPEN_OBJECT) return skipToClose(text, from + 1);
  return skipLiteral(text, from);
}

/** The position after the bracket that closes the container whose inside `from` lies in. */
export function skipToClose(text: string, from: number): number {
  let open = 1;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) open++;
    else if ((code === CLOSE_ARRAY || code === CLOSE_OBJECT) && --open === 0) return at + 1;
  }
  return text.length;
}

/** The position after a number, `true`, `false` or `null`: the next delimiter, or the text's end. */
function skipLiteral(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isDelimiter(text.charCodeAt(at))) at++;
  return at;
}

function isDelimiter(code: number): boolean {
  return code === COMMA || code === CLOSE_ARRAY || code === CLOSE_OBJECT || isSpace(code);
}

/** True when arrays and objects nest deeper than `maxDepth` (`[]` is 1). Iterative: depth costs no stack. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      if (++depth > maxDepth) return true;
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** From behind a value to the next one's start, or to the closing bracket. */
export function nextElement(text: string, valueEnd: number): number {
  const at = skipSpace(text, valueEnd);
  return text.charCodeAt(at) === COMMA ? skipSpace(text, at + 1) : at;
}

/** A key's string; only one with escapes needs the parser. */
export function decodeKey(literal: string): string {
  return literal.includes("\\") ? JSON.parse(literal) : literal.slice(1, -1);
}
