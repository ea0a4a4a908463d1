import { isRawNumber, type JsonValue } from "../../model/json/value.ts";
import type { MergePolicy } from "../../model/pipeline.ts";
import { compareDecimals, sumDecimals } from "./decimal.ts";
import { unionOf } from "./union.ts";

export type MergeRule = MergePolicy[string];

/** What there is in one place; undefined: nothing. */
export type Place = JsonValue | undefined;

/** A place that was changed on both sides. */
export interface Changed {
  base: Place;
  current: Place;
  incoming: Place;
}

/** The rule that the longest pointer which is a prefix of this one declares. */
export function ruleAt(policy: ReadonlyMap<string, MergeRule>, pointer: string): MergeRule | undefined {
  if (policy.size === 0) return undefined;
  for (let prefix = pointer; ; prefix = prefix.slice(0, prefix.lastIndexOf("/"))) {
    const rule = policy.get(prefix);
    if (rule || prefix === "") return rule;
  }
}

/** What a rule makes of a clash (undefined in `value`: nothing stays); null when it does not fit what is there. */
export function resolve(rule: MergeRule, changed: Changed): { value: Place } | null {
  if (rule === "ours") return { value: changed.current };
  if (rule === "theirs") return { value: changed.incoming };
  return rule === "union" ? union(changed) : ofNumbers(rule, changed);
}

function union({ base = [], current, incoming }: Changed): { value: Place } | null {
  if (!Array.isArray(base) || !Array.isArray(current) || !Array.isArray(incoming)) return null;
  return { value: unionOf(base, current, incoming) };
}

function ofNumbers(rule: "max" | "sum", { base = 0, current, incoming }: Changed): { value: Place } | null {
  const [before, a, b] = [base, current, incoming].map(numberText);
  if (a === null || b === null) return null;
  if (rule === "sum") {
    const sum = before === null ? null : sumDecimals(a!, b!, before!);
    return sum === null ? null : { value: numberOf(sum) };
  }
  const above = compareDecimals(a!, b!);
  return above === null ? null : { value: above < 0 ? incoming : current };
}

function numberText(value: Place): string | null {
  if (isRawNumber(value)) return value.rawJSON;
  return typeof value === "number" ? String(value) : null;
}

/** As `parseLossless` would have it. */
function numberOf(text: string): JsonValue {
  return String(Number(text)) === text ? Number(text) : JSON.rawJSON(text);
}
