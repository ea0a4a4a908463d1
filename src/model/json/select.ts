import { parseIndex, parsePointer } from "./pointer.ts";
import {
  CLOSE_ARRAY,
  decodeKey,
  nextElement,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  skipString,
  skipToClose,
  skipValue,
} from "./scan.ts";

/** The asked pointers as a tree of tokens, so that one pass over the text serves them all. */
interface Wanted {
  byKey: Map<string, Wanted>;
  byIndex: Map<number, Wanted>;
  lastIndex: number;
}

/** Where a wanted value stands in the text (`end` is exclusive), and what was found inside it. */
interface Found {
  start: number;
  end: number;
  inside: Map<string, Found>;
}

/**
 * Cuts values out of JSON text by JSON Pointer: `{"/a/b":<the value's very text>,…}`, in the order asked,
 * each pointer once. A pointer to nothing (`-` and malformed ones too) is left out; of a repeated key the
 * last value counts, as in `JSON.parse`. Values are never parsed or printed again, so `1e400`, big integers
 * and inner white space stay.
 * @param text valid JSON of bounded depth (`checkJson`).
 */
export function selectRaw(text: string, pointers: readonly string[]): string {
  const asked = [...new Set(pointers)].map((pointer) => ({ pointer, tokens: parsePointer(pointer) }));
  const root = locate(text, skipSpace(text, 0), wantedTree(asked.map((one) => one.tokens)));
  const members: string[] = [];
  for (const { pointer, tokens } of asked) {
    const found = tokens && follow(root, tokens);
    if (found) members.push(`${JSON.stringify(pointer)}:${text.slice(found.start, found.end)}`);
  }
  return `{${members.join(",")}}`;
}

function wantedTree(paths: (string[] | null)[]): Wanted {
  const root = newWanted();
  for (const path of paths) path?.reduce(wantedChild, root);
  return root;
}

function newWanted(): Wanted {
  return { byKey: new Map(), byIndex: new Map(), lastIndex: -1 };
}

function wantedChild(parent: Wanted, token: string): Wanted {
  const known = parent.byKey.get(token);
  if (known) return known;
  const child = newWanted();
  parent.byKey.set(token, child);
  const index = parseIndex(token);
  if (index !== null) {
    parent.byIndex.set(index, child);
    parent.lastIndex = Math.max(parent.lastIndex, index);
  }
  return child;
}

function follow(root: Found, tokens: string[]): Found | undefined {
  let found: Found | undefined = root;
  for (const token of tokens) found = found?.inside.get(token);
  return found;
}

/** Recurses only along wanted paths; everything else is stepped over. */
function locate(text: string, start: number, wanted: Wanted): Found {
  const inside = new Map<string, Found>();
  const code = text.charCodeAt(start);
  let end: number;
  if (code === OPEN_OBJECT && wanted.byKey.size > 0) end = locateMembers(text, start, wanted, inside);
  else if (code === OPEN_ARRAY && wanted.byIndex.size > 0) end = locateItems(text, start, wanted, inside);
  else end = skipValue(text, start);
  return { start, end, inside };
}

/** The values of wanted keys. A key met again replaces what was found under it: the last one counts. */
function locateMembers(text: string, start: number, wanted: Wanted, inside: Map<string, Found>): number {
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = skipString(text, at);
    const key = decodeKey(text.slice(at, keyEnd));
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const child = wanted.byKey.get(key);
    const found = child && locate(text, valueStart, child);
    if (found) inside.set(key, found);
    at = nextElement(text, found ? found.end : skipValue(text, valueStart));
  }
  return at + 1;
}

/** The wanted items; behind the last of them the rest of the array is stepped over in one go. */
function locateItems(text: string, start: number, wanted: Wanted, inside: Map<string, Found>): number {
  let at = skipSpace(text, start + 1);
  for (let index = 0; index <= wanted.lastIndex && hasItem(text, at); index++) {
    const child = wanted.byIndex.get(index);
    const found = child && locate(text, at, child);
    if (found) inside.set(String(index), found);
    at = nextElement(text, found ? found.end : skipValue(text, at));
  }
  return skipToClose(text, at);
}

function hasItem(text: string, at: number): boolean {
  return at < text.length && text.charCodeAt(at) !== CLOSE_ARRAY;
}
