import { CairnError } from "../errors.ts";
import { equalDecimals } from "./number.ts";
import { formatPointer } from "./pointer.ts";
import {
  CLOSE_ARRAY,
  decodeKey,
  nextElement,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  skipString,
  skipValue,
} from "./scan.ts";

/** One pass over a text: where it is, and the first problem met. */
interface Pass {
  text: string;
  /** A member of the outermost object whose value is not looked into. */
  kept: string | null;
  path: string[];
  problem: { pointer: string; message: string } | null;
}

/**
 * Refuses what parsing would change without a word: a key given twice, a whole number that JavaScript cannot
 * hold, and the key `__proto__`, which records lose.
 *
 * @param text valid JSON of bounded depth (`checkJson`)
 * @param where names what is parsed in the detail ("The body")
 * @param kept a member of the outermost object that is kept as its text, and may hold anything
 * @throws CairnError `malformed`, with the place of the first such thing
 */
export function refuseInexact(text: string, where: string, kept: string | null = null): void {
  const pass: Pass = { text, kept, path: [], problem: null };
  visit(pass, skipSpace(text, 0));
  if (!pass.problem) return;
  const { pointer, message } = pass.problem;
  throw new CairnError("malformed", `${where} is not valid: ${pointer}: ${message}`, {
    errors: [pass.problem],
  });
}

/** Looks into the value that begins at `from`; answers where it ends. */
function visit(pass: Pass, from: number): number {
  const code = pass.text.charCodeAt(from);
  if (code === OPEN_OBJECT) return visitMembers(pass, from);
  if (code === OPEN_ARRAY) return visitItems(pass, from);
  const end = skipValue(pass.text, from);
  if (isRounded(pass.text.slice(from, end)))
    report(pass, "is more than a JavaScript number can hold exactly");
  return end;
}

function visitMembers(pass: Pass, start: number): number {
  const { text, path } = pass;
  const seen = new Set<string>();
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = skipString(text, at);
    const key = decodeKey(text.slice(at, keyEnd));
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
    path.push(key);
    if (seen.has(key)) report(pass, "is given twice");
    if (key === "__proto__") report(pass, "is no name for a field");
    seen.add(key);
    const kept = path.length === 1 && key === pass.kept;
    at = nextElement(text, kept ? skipValue(text, value) : visit(pass, value));
    path.pop();
  }
  return at + 1;
}

function visitItems(pass: Pass, start: number): number {
  const { text, path } = pass;
  let at = skipSpace(text, start + 1);
  for (let index = 0; text.charCodeAt(at) !== CLOSE_ARRAY; index++) {
    path.push(String(index));
    at = nextElement(text, visit(pass, at));
    path.pop();
  }
  return at + 1;
}

function report(pass: Pass, message: string): void {
  pass.problem ??= { pointer: formatPointer(pass.path), message };
}

/** Past 2^53 every double is whole, and prints as the digits it stands for only if it was made of them. */
function isRounded(literal: string): boolean {
  const value = Number(literal);
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && !equalDecimals(literal, String(value));
}
