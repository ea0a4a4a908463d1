import { isIdentical } from "../../model/json/identical.ts";
import { equalJson } from "../../model/json/lossless.ts";
import type { JsonValue } from "../../model/json/value.ts";
import type { Changed, Place } from "./rules.ts";

/** What both sides agree on. `by` says whether one has changed nothing, or both have made the same of it. */
export function agreed({ base, current, incoming }: Changed): { value: Place; by: "one" | "both" } | null {
  if (isSame(isIdentical, base, current)) return { value: incoming, by: "one" };
  if (isSame(isIdentical, base, incoming)) return { value: current, by: "one" };
  if (isSame(equalJson, base, current)) return { value: incoming, by: "one" };
  if (isSame(equalJson, base, incoming)) return { value: current, by: "one" };
  return isSame(equalJson, current, incoming) ? { value: current, by: "both" } : null;
}

function isSame(equal: (a: JsonValue, b: JsonValue) => boolean, a: Place, b: Place): boolean {
  if (a === undefined || b === undefined) return a === b;
  return equal(a, b);
}
