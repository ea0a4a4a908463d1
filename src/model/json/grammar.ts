import { CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipSpace } from "./scan.ts";

const COLON = 0x3a;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SPACE = 0x20;

/**
 * The place of the first character that breaks the grammar of RFC 8259, or -1. Agrees with `JSON.parse`, but
 * builds nothing: a hostile 20 MB of `[],[],…` costs `JSON.parse` 264 MB, twice what a Worker has. The depth
 * must have been checked before: one entry is kept for each open container.
 */
export function findBreak(text: string): number {
  /** Closing brackets of the open containers, innermost last. */
  const open: number[] = [];
  let at = skipSpace(text, 0);
  for (;;) {
    const start = valueStart(text, at, open);
    if (start < 0) return ~start;
    at = start;
    for (at = skipSpace(text, at); ; at = skipSpace(text, at + 1)) {
      const close = open.at(-1);
      if (close === undefined) return at === text.length ? -1 : at;
      const code = text.charCodeAt(at);
      if (code === close) open.pop();
      else if (code !== COMMA) return at;
      else break;
    }
    at = skipSpace(text, at + 1);
    if (open.at(-1) === CLOSE_OBJECT) {
      at = afterKey(text, at);
      if (at < 0) return ~at;
    }
  }
}

/**
 * Steps over the value that begins at `from`, or into it as far as its first scalar or empty container.
 * Negative (`~place`) where the grammar breaks.
 */
function valueStart(text: string, from: number, open: number[]): number {
  for (let at = from; ; ) {
    const code = text.charCodeAt(at);
    if (code !== OPEN_ARRAY && code !== OPEN_OBJECT) return afterScalar(text, at, code);
    const close = code === OPEN_ARRAY ? CLOSE_ARRAY : CLOSE_OBJECT;
    at = skipSpace(text, at + 1);
    if (text.charCodeAt(at) === close) return at + 1;
    open.push(close);
    if (close === CLOSE_OBJECT) at = afterKey(text, at);
    if (at < 0) return at;
  }
}

/** The place where the value of the member begins whose key begins at `from`. */
function afterKey(text: string, from: number): number {
  if (text.charCodeAt(from) !== QUOTE) return ~from;
  const end = afterString(text, from);
  if (end < 0) return end;
  const colon = skipSpace(text, end);
  return text.charCodeAt(colon) === COLON ? skipSpace(text, colon + 1) : ~colon;
}

function afterScalar(text: string, at: number, code: number): number {
  if (code === QUOTE) return afterString(text, at);
  if (code === MINUS || isDigit(code)) return afterNumber(text, at);
  for (const word of ["true", "false", "null"]) if (text.startsWith(word, at)) return at + word.length;
  return ~at;
}

function afterString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code < SPACE) return ~at;
    if (code === BACKSLASH) {
      const length = escapeLength(text, at + 1);
      if (length === 0) return ~at;
      at += length;
    }
  }
  return ~text.length;
}

/** How many characters an escape has behind its backslash; 0: it is none. */
function escapeLength(text: string, at: number): number {
  const letter = text.charAt(at);
  if (letter === "u") return /^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5)) ? 5 : 0;
  return letter !== "" && '"\\/bfnrt'.includes(letter) ? 1 : 0;
}

function afterNumber(text: string, from: number): number {
  let at = text.charCodeAt(from) === MINUS ? from + 1 : from;
  const whole = text.charCodeAt(at) === ZERO ? at + 1 : skipDigits(text, at);
  if (whole === at) return ~at;
  at = whole;
  if (text.charCodeAt(at) === DOT) {
    const end = skipDigits(text, at + 1);
    if (end === at + 1) return ~end;
    at = end;
  }
  return afterExponent(text, at);
}

function afterExponent(text: string, at: number): number {
  const letter = text.charAt(at);
  if (letter !== "e" && letter !== "E") return at;
  const sign = text.charCodeAt(at + 1);
  const digits = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  const end = skipDigits(text, digits);
  return end === digits ? ~end : end;
}

function skipDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
