import { openService } from "../src/http/in-node.ts";
import { once } from "../src/model/once.ts";
import type { SweepSummary } from "../src/recovery/sweep/sweep.ts";

/** One service a container: its environment never changes while it lives. */
const service = once(() => openService(process.env));

/**
 * The scheduled function on Lambda: one sweep. What it did is logged as one line of JSON, and answered. Not by
 * `console.log`, before whose lines Lambda puts words of its own: metrics are made of this one.
 */
export async function handler(): Promise<SweepSummary> {
  const summary = await (await service()).sweep();
  process.stdout.write(`${JSON.stringify({ event: "sweep", ...summary })}\n`);
  return summary;
}
