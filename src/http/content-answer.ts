import { CairnError } from "../model/errors.ts";
import { parsePointer } from "../model/json/pointer.ts";
import { selectRaw } from "../model/json/select.ts";
import { checkJson } from "../model/json/text.ts";
import { jsonTextOf, notJson } from "../model/json-content.ts";
import type { Large } from "../state/large.ts";
import { wholeOf } from "../state/read.ts";
import { parts, type Stored } from "./answers.ts";
import { type RangeOf, rangeAnswer } from "./range.ts";

/** From this size on, in characters, parts that contain one another are counted. */
const LARGE = 1_000_000;
/** How often parts may repeat the same piece of a large state: an answer stays within this many states. */
const MOST_COPIES = 4;
/** Of an answer: a state, and what holds the parts. */
const MOST_DEPTH = 65;

/** What of a content is asked for. */
export interface Wanted {
  select: string[] | undefined;
  range: RangeOf | undefined;
}

/**
 * Stored content as it is, a range of its bytes, or the parts of its JSON that `select` names.
 *
 * @throws CairnError `not_json`, `range_not_satisfiable`, `too_large` when overlapping parts repeat a large state many
 *   times, or when the JSON is too large to be in memory
 */
export async function contentOrParts(
  stored: Stored,
  body: Uint8Array | Large,
  { select, range }: Wanted,
): Promise<Response> {
  if (!select) return rangeAnswer(stored, body, range);
  const bytes = await wholeOf(body);
  const text = jsonTextOf(stored.contentType, bytes);
  if (text === null) throw notJson(stored.contentType);
  if (text.length > LARGE && deepestOverlap(select) > MOST_COPIES) {
    throw new CairnError(
      "too_large",
      "The selected parts contain one another too often for a state this large.",
    );
  }
  const selected = selectRaw(text, select);
  // Not all that is stored was looked at: what is answered must parse, whatever the rest is.
  if (!checkJson(selected, MOST_DEPTH).ok) throw notJson(stored.contentType);
  return parts(stored, selected);
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
