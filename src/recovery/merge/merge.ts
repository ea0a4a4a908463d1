import { formatPointer } from "../../model/json/pointer.ts";
import {
  copyObject,
  getMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  setMember,
} from "../../model/json/value.ts";
import type { MergePolicy } from "../../model/pipeline.ts";
import { agreed } from "./agreed.ts";
import { type Clash, Clashes, MOST_CLASHES } from "./clashes.ts";
import { mergeItems } from "./items.ts";
import { type Changed, type MergeRule, type Place, resolve, ruleAt } from "./rules.ts";

/** The merged document, or where the changes clash: the first of them, and how many there are. */
export type Merged = { ok: true; value: JsonValue } | { ok: false; clashes: Clash[]; count: number };

/**
 * The three-way merge of JSON documents: what `current` changed of `base` together with what `incoming` did.
 *
 * - Members of objects merge one by one, at every depth; an object that both added merges with the other likewise.
 * - Items of an array are lined up with those of the base. What one side edited, removed or brought in is kept where
 *   the other left it alone. An item that both changed clashes as a whole, and the array clashes as a whole where
 *   both brought something in at the same place, or one replaced a run of items by more or fewer of them and the
 *   other touched one of these.
 * - The same change on both sides is no clash; a removal and an edit of one thing are. Values are the same by
 *   `equalJson`: another spelling of a number is no change, but is kept where the other side has none either.
 * - A clash is settled by the rule that `policy` has for the longest pointer that is its own or a prefix of it:
 *   `ours` takes what is in `current`, `theirs` what is in `incoming`; `max` the larger of two numbers; `sum` adds
 *   both differences to the base's number (0 where it has nothing), exactly, and also when they are the same; `union` is for whole arrays, see
 *   `unionOf`, also of those that clash only somewhere inside. A rule that does not fit the values settles nothing.
 *
 * Member order is that of `current`, new members of `incoming` last. Nothing given is changed; the result shares
 * parts with it. Takes a few steps for each value, however long the arrays; recursion follows the depth, which the
 * caller has bounded (`checkJson`).
 *
 * @param most how many clashes are told by pointer
 */
export function mergeJson(
  base: JsonValue,
  current: JsonValue,
  incoming: JsonValue,
  policy: MergePolicy = {},
  most = MOST_CLASHES,
): Merged {
  const merge = new Merge(policy, most);
  const value = merge.value({ base, current, incoming });
  const { list, count } = merge.clashes;
  return count > 0 ? { ok: false, clashes: list, count } : { ok: true, value: value! };
}

/** A merge under way: where it is in the documents, and the clashes so far. */
class Merge {
  readonly clashes: Clashes;
  readonly #policy: ReadonlyMap<string, MergeRule>;
  /** Whether the same change on both sides may count twice. */
  readonly #sums: boolean;
  readonly #path: string[] = [];

  constructor(policy: MergePolicy, most: number) {
    this.clashes = new Clashes(most);
    this.#policy = new Map(Object.entries(policy));
    this.#sums = Object.values(policy).includes("sum");
  }

  value({ base, current, incoming }: Changed): Place {
    if (isJsonObject(current) && isJsonObject(incoming) && (base === undefined || isJsonObject(base)))
      return this.#members(base ?? {}, current, incoming);
    if (Array.isArray(base) && Array.isArray(current) && Array.isArray(incoming))
      return this.#array(base, current, incoming);
    return this.#settle({ base, current, incoming });
  }

  #members(base: JsonObject, current: JsonObject, incoming: JsonObject): JsonObject {
    const merged = new Members(current);
    for (const key of Object.keys(current)) merged.set(key, this.#member(key, base, current, incoming));
    for (const key of Object.keys(incoming))
      if (!Object.hasOwn(current, key)) merged.set(key, this.#member(key, base, current, incoming));
    return merged.object;
  }

  #member(key: string, base: JsonObject, current: JsonObject, incoming: JsonObject): Place {
    const places = {
      base: getMember(base, key),
      current: getMember(current, key),
      incoming: getMember(incoming, key),
    };
    return this.#at(key, () => this.value(places));
  }

  #array(base: JsonValue[], current: JsonValue[], incoming: JsonValue[]): Place {
    const one = agreed({ base, current, incoming });
    if (one && (one.by === "one" || !this.#sums)) return one.value;
    const before = this.clashes.mark();
    const merged = mergeItems(base, current, incoming, (index, changed) =>
      this.#at(String(index), () => this.#settle(changed)),
    );
    const clashed = this.clashes.count > before.count;
    if (merged && !(clashed && this.#rule() === "union")) return merged;
    this.clashes.backTo(before);
    return this.#clash({ base, current, incoming });
  }

  #settle(changed: Changed): Place {
    const one = agreed(changed);
    if (!one) return this.#clash(changed);
    const sum = one.by === "both" && this.#sums && this.#rule() === "sum" ? resolve("sum", changed) : null;
    return (sum ?? one).value;
  }

  #clash(changed: Changed): Place {
    const rule = this.#rule();
    const resolved = rule && resolve(rule, changed);
    if (resolved) return resolved.value;
    this.clashes.add(() => ({ pointer: formatPointer(this.#path), message: messageOf(changed, rule) }));
    return changed.current;
  }

  #rule(): MergeRule | undefined {
    return this.#policy.size === 0 ? undefined : ruleAt(this.#policy, formatPointer(this.#path));
  }

  #at<T>(token: string, work: () => T): T {
    this.#path.push(token);
    const done = work();
    this.#path.pop();
    return done;
  }
}

/** An object that is copied when it is first changed. */
class Members {
  object: JsonObject;
  readonly #original: JsonObject;

  constructor(original: JsonObject) {
    this.object = original;
    this.#original = original;
  }

  set(key: string, value: Place): void {
    if (value === getMember(this.object, key)) return;
    if (this.object === this.#original) this.object = copyObject(this.#original);
    if (value === undefined) delete this.object[key];
    else setMember(this.object, key, value);
  }
}

function messageOf({ current, incoming }: Changed, rule: MergeRule | undefined): string {
  const what =
    current === undefined
      ? "removed by another save, and changed by this one"
      : incoming === undefined
        ? "changed by another save, and removed by this one"
        : "changed by another save, and differently by this one";
  return rule ? `${what}; ${rule} does not fit these values` : what;
}
