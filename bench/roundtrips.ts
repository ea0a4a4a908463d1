import { type Measured, measure } from "./roundtrips/measure.ts";
import { type Line, STORES } from "./roundtrips/stores.ts";

export const about = "Round trips to each store per warm save, checkpoint and heartbeat, counted on the wire";

/** Prints a table. Words: what the names of the stores begin with (default: all). @throws when a limit is exceeded */
export async function run(words: string[]): Promise<void> {
  console.log(row("store", "operation", "most", "allowed", "all requests", ""));
  let exceeded = 0;
  for (const [name, start] of Object.entries(STORES)) {
    if (words.length > 0 && !words.some((word) => name.startsWith(word))) continue;
    const line = await start();
    for (const each of await measure(line).finally(line.stop)) {
      console.log(rowOf(name, line, each));
      if (!each.ok) exceeded++;
    }
  }
  if (exceeded > 0) throw new Error(`${exceeded} of the operations take more than they may`);
}

function rowOf(
  name: string,
  { unit, exactly }: Line,
  { operation, most, allowed, ok, requests }: Measured,
): string {
  const limit = `${exactly ? "=" : "≤"} ${allowed}`;
  return row(name, operation, String(most), limit, requests.toFixed(2), ok ? unit : `${unit}: EXCEEDED`);
}

function row(
  store: string,
  operation: string,
  most: string,
  limit: string,
  all: string,
  note: string,
): string {
  const cells = [
    store.padEnd(26),
    operation.padEnd(18),
    most.padStart(5),
    limit.padStart(8),
    all.padStart(13),
  ];
  return `${cells.join(" ")}  ${note}`.trimEnd();
}
