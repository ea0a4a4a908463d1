import { type Line, PARTS } from "./sweep/parts.ts";
import { STORES, type StoreName } from "./sweep/stores.ts";

export const about = "The sweep: eight at once and killed, few due among many, holders that wake too late";

/**
 * Words: which parts (`together`, `few`, `stopped`) and which stores, else all of them; `tenth`: a tenth of the size.
 *
 * @throws when one of the lines is not held
 */
export async function run(words: string[]): Promise<void> {
  const share = words.includes("tenth") ? 0.1 : 1;
  let missed = 0;
  for (const part of chosen(Object.keys(PARTS) as (keyof typeof PARTS)[], words)) {
    for (const name of chosen<StoreName>(PARTS[part].stores, words)) {
      const store = await STORES[name]();
      const lines = await PARTS[part].run(store, share).finally(store.stop);
      for (const line of lines) console.log(rowOf(part, store.name, line));
      missed += lines.filter((line) => !isHeld(line)).length;
    }
  }
  if (missed > 0) throw new Error(`${missed} of the lines are not held`);
}

/** Those that the words name; all when they name none of them. */
function chosen<T extends string>(all: readonly T[], words: readonly string[]): readonly T[] {
  const named = all.filter((each) => words.includes(each));
  return named.length > 0 ? named : all;
}

function isHeld({ is, limit }: Line): boolean {
  if (!limit) return true;
  return limit[0] === "=" ? is === limit[1] : is <= limit[1];
}

function rowOf(part: string, store: string, line: Line): string {
  const is = Number.isInteger(line.is) ? String(line.is) : line.is.toFixed(2);
  const limit = line.limit?.join(" ") ?? "";
  const cells = [part.padEnd(8), store.padEnd(14), line.what.padEnd(44), is.padStart(10), limit.padStart(10)];
  return `${cells.join(" ")}${isHeld(line) ? "" : "  NOT HELD"}`.trimEnd();
}

if (import.meta.main) await run(process.argv.slice(2)).then(() => process.exit());
