import { openService, writeLine } from "../src/http/in-node.ts";
import { once } from "../src/model/once.ts";
import type { SweepSummary } from "../src/recovery/sweep/sweep.ts";

/** One service a container: its environment never changes while it lives. */
const service = once(() => openService(process.env));

/** The scheduled function on Lambda: one sweep. What it did is logged as one line of JSON, and answered. */
export async function handler(): Promise<SweepSummary> {
  const summary = await (await service()).sweep();
  writeLine(JSON.stringify({ event: "sweep", ...summary }));
  return summary;
}
