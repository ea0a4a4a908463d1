import { CairnError } from "../model/errors.ts";
import { parsePointer } from "../model/json/pointer.ts";
import { selectRaw } from "../model/json/select.ts";
import { decodeUtf8 } from "../model/json/text.ts";
import { content, parts, type Stored } from "./answers.ts";
import { isJson } from "./media.ts";

/** From this size on, in characters, parts that contain one another are counted. */
const LARGE = 1_000_000;
/** How often parts may repeat the same piece of a large state: an answer stays within this many states. */
const MOST_COPIES = 4;

/**
 * Stored content as it is, or the parts of it that `select` names.
 *
 * @throws CairnError `not_json`, `too_large` when overlapping parts repeat a large state many times
 */
export function contentOrParts(stored: Stored, bytes: Uint8Array, select: string[] | undefined): Response {
  if (!select) return content(stored, bytes);
  const text = jsonTextOf(stored.contentType, bytes);
  if (text === null) throw notJson(stored.contentType);
  if (text.length > LARGE && deepestOverlap(select) > MOST_COPIES) {
    throw new CairnError(
      "too_large",
      "The selected parts contain one another too often for a state this large.",
    );
  }
  return parts(stored, selectRaw(text, select));
}

/** The text of JSON content; null when it is of another type, or not UTF-8. */
export function jsonTextOf(contentType: string, bytes: Uint8Array): string | null {
  return isJson(contentType) ? decodeUtf8(bytes) : null;
}

export function notJson(contentType: string): CairnError {
  return new CairnError("not_json", `The content is of type ${contentType}, which has no JSON parts.`);
}

/** How many of the pointers lead to the same place at most: `/a`, `/a/b` and `` all hold what is at `/a/b`. */
function deepestOverlap(pointers: readonly string[]): number {
  const paths = new Set(
    [...new Set(pointers)].map((pointer) => JSON.stringify(parsePointer(pointer)).slice(0, -1)),
  );
  let deepest = 0;
  for (const path of paths) {
    let holders = 0;
    for (const other of paths)
      if (other === path || path.startsWith(other === "[" ? "[" : `${other},`)) holders++;
    deepest = Math.max(deepest, holders);
  }
  return deepest;
}
