import { findBreak } from "./grammar.ts";
import { isDeeperThan, skipSpace } from "./scan.ts";

/** What `checkJson` found. `message` is one short sentence; it never carries the text itself. */
export type JsonCheck = { ok: true } | { ok: false; reason: "empty" | "syntax" | "depth"; message: string };

/**
 * Decodes UTF-8 strictly: null on any broken sequence, never U+FFFD. A byte order mark stays in the text
 * (as U+FEFF), so that `checkJson` refuses it.
 */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * Checks that `text` is one JSON document (RFC 8259) and that arrays and objects
 * nest at most `maxDepth` deep: a scalar is 0, `[]` is 1. The depth is scanned first, because `JSON.parse`
 * takes a million levels; a text that is both broken and too deep is reported as "depth".
 */
export function checkJson(text: string, maxDepth = 64): JsonCheck {
  if (skipSpace(text, 0) === text.length) return refuse("empty", "The JSON document is empty.");
  if (text.startsWith("\uFEFF")) return refuse("syntax", "JSON may not start with a byte order mark.");
  if (isDeeperThan(text, maxDepth))
    return refuse("depth", `The JSON document nests deeper than ${maxDepth} levels.`);
  return checkSyntax(text);
}

function checkSyntax(text: string): JsonCheck {
  const place = findBreak(text);
  if (place < 0) return { ok: true };
  if (place >= text.length) return refuse("syntax", "The JSON ends before it is complete.");
  const before = text.slice(0, place).split("\n");
  const where = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
  return refuse("syntax", `The JSON has an unexpected ${JSON.stringify(text.charAt(place))} at ${where}.`);
}

function refuse(reason: "empty" | "syntax" | "depth", message: string): JsonCheck {
  return { ok: false, reason, message };
}
