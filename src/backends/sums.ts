import { CairnError } from "../model/errors.ts";
import type { StorageBackend, SumsKey } from "./types.ts";

/** Most names in one `add`. */
export const MOST_NAMES = 512;

/** What is larger is refused, what is smaller is 0: no sum leaves the range that every store can hold. */
const LARGEST = 1e100;
const SMALLEST = 1e-100;

const PART = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const NAME = /^[ -~]{1,200}$/;
const LONGEST_SCOPE = 200;

/** Sums by name. Not an object: a name may be `__proto__`. */
export type Sums = ReadonlyMap<string, number>;

/** What a store does with what was checked. `add` gets one name at least. */
interface OwnSums {
  add(key: SumsKey, increments: Sums): Promise<void>;
  sums(key: SumsKey): Promise<Sums>;
  clear(key: SumsKey): Promise<void>;
}

/** The methods of a backend: what a caller gives is checked before a store sees it. */
export function checkedSums(own: OwnSums): Pick<StorageBackend, "add" | "sums" | "clearSums"> {
  return {
    async add(key, increments) {
      checkSumsKey(key);
      const checked = checkIncrements(increments);
      if (checked.size > 0) await own.add(key, checked);
    },
    async sums(key) {
      checkSumsKey(key);
      return Object.fromEntries(await own.sums(key));
    },
    async clearSums(key) {
      checkSumsKey(key);
      await own.clear(key);
    },
  };
}

export function added(sums: Sums, increments: Sums): Map<string, number> {
  const all = new Map(sums);
  for (const [name, value] of increments) all.set(name, (all.get(name) ?? 0) + value);
  return all;
}

/**
 * A tenant as everywhere, or none. A scope: such names with a `/` between, 200 characters at most. So either is safe in
 * a key as it is, and no part of a path means another place.
 */
function checkSumsKey({ tenant, scope }: SumsKey): void {
  if (tenant !== "" && !PART.test(tenant)) throw new CairnError("invalid_id", "The tenant is not valid.");
  if (scope.length > LONGEST_SCOPE || !scope.split("/").every((part) => PART.test(part)))
    throw new CairnError(
      "invalid_id",
      "A scope of sums is 1 to 200 of A-Z a-z 0-9 . _ - in parts with / between, each beginning with a letter or digit.",
    );
}

function checkIncrements(increments: Readonly<Record<string, number>>): Sums {
  const entries = Object.entries(increments);
  if (entries.length > MOST_NAMES)
    throw new CairnError("malformed", `At most ${MOST_NAMES} sums are added to at once.`);
  for (const [name, value] of entries) {
    if (!NAME.test(name))
      throw new CairnError("malformed", "The name of a sum is 1 to 200 printable characters of ASCII.");
    if (!(Math.abs(value) <= LARGEST))
      throw new CairnError("malformed", `What is added to a sum is a number, of at most ${LARGEST}.`);
  }
  return new Map(entries.map(([name, value]) => [name, Math.abs(value) < SMALLEST ? 0 : value]));
}
