import { BUGS, type BugName } from "../test/linearizability/bugs.ts";
import { runTrial, type Trial, type TrialOptions } from "../test/linearizability/run.ts";
import { STORES } from "../test/linearizability/stores.ts";

export const about =
  "Ten clients on two service processes that are killed and stopped: histories that no order explains";

/** So long is looked for each mistake of a service. */
const CONTROL_SECONDS = 10;

/**
 * Words: seconds for each store (default 60), and the stores (default all). The controls are services with a mistake,
 * on the first of them. @throws when a history cannot be explained, or all of a control's can
 */
export async function run([seconds = "60", ...words]: string[]): Promise<void> {
  const stores = words.length > 0 ? words : Object.keys(STORES);
  const unknown = stores.filter((store) => !(store in STORES));
  if (unknown.length > 0)
    throw new Error(`${unknown.join(", ")}: stores are ${Object.keys(STORES).join(", ")}`);
  console.log(row(["", ...COLUMNS]));
  const failed: string[] = [];
  for (const store of stores) {
    const { violations, undecided } = await trial(store, { store, seconds: Number(seconds) });
    if (violations + undecided > 0) failed.push(store);
  }
  for (const planted of Object.keys(BUGS) as BugName[]) {
    const options = { store: stores[0]!, seconds: CONTROL_SECONDS, planted };
    const { violations } = await trial(planted, options);
    if (violations === 0) failed.push(`${planted} was not found`);
  }
  if (failed.length > 0) throw new Error(`not as it should be: ${failed.join(", ")}`);
}

const COLUMNS = [
  "pipelines",
  "operations",
  "unknown",
  "resends",
  "kills",
  "stops",
  "restarts",
  "violations",
  "undecided",
] as const;

async function trial(name: string, options: TrialOptions): Promise<Trial> {
  const result = await runTrial(options);
  console.log(row([name, ...COLUMNS.map((column) => String(result[column]))]));
  if (result.smallest) console.log(result.smallest);
  return result;
}

function row([name, ...cells]: string[]): string {
  return [name!.padEnd(13), ...cells.map((cell) => cell.padStart(10))].join("  ");
}

if (import.meta.main) await run(process.argv.slice(2));
