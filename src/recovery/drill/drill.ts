import { type Core, metricsKey } from "../../state/core.ts";
import { readNote, writeNote } from "../../state/operator.ts";
import type { Meter } from "../sweep/budget.ts";
import { choose, type Visit } from "./choose.ts";
import { goOn, type Place } from "./place.ts";
import { readBack, vouchAll } from "./read.ts";

export interface DrillOptions {
  /** Whose checkpoints are read back. */
  tenants: readonly string[];
  /** A pass over everything begins so long after the one before began, at the earliest. @default 86400 */
  everySeconds?: number;
  /** Read back in one sweep, at most. @default 16 */
  checkpoints?: number;
  /**
   * Of one sweep. What alone is larger, its chain or its content, is never drilled: it is read by whoever resumes.
   *
   * @default 33,554,432 (32 MiB)
   */
  bytes?: number;
  /** Calls of the store in one sweep, about. @default 16 and 3 for each of `checkpoints` */
  calls?: number;
  /** @default 5 */
  seconds?: number;
}

export interface Drilled {
  /** Checkpoints read back to their end. */
  drilled: number;
  /** Of these, those that were what their record says; the others were quarantined. */
  held: number;
}

const NOTE = "drill";

/**
 * One sweep's part of the restore drill: a walk past all checkpoints of all tenants, in the order of tenants and of
 * pipelines' ids, and of each pipeline the oldest that nobody has read first. Where it is, is a note in the store. The
 * note is written before anything is read, so of sweeps that overlap each checkpoint is read by one; what a sweep that
 * died had taken, or had no time for, is read in the next pass. So with P pipelines, C of them with checkpoints, and K
 * checkpoints, a pass takes about max(K / checkpoints, (P / 20 + 2 C + K) / calls) sweeps, and each checkpoint
 * that is there all the while is read once in it.
 */
export async function drill(
  view: Core,
  metered: Pick<Meter, "calls" | "left">,
  options: DrillOptions,
  now: () => number,
): Promise<Drilled> {
  const { everySeconds = 86_400, checkpoints = 16, bytes = 33_554_432, seconds = 5 } = options;
  const { calls = 16 + 3 * checkpoints } = options;
  const none: Drilled = { drilled: 0, held: 0 };
  const tenants = [...new Set(options.tenants)].sort();
  const end = now() + seconds * 1000;
  // The note is read and written.
  const most = metered.calls + calls - 1;
  const left = () => Math.min(most - metered.calls, metered.left() - 1);
  if (checkpoints === 0 || tenants.length === 0 || left() < 2) return none;
  const note = await readNote<Place>(view, NOTE);
  const from = goOn(note.value, tenants, everySeconds, now());
  if (!from) return none;
  const { visits, next } = await choose(view, from, tenants, { checkpoints, bytes, calls: left });
  if (!(await writeNote(view, NOTE, note.version, next))) return none;
  const found = { ...none };
  for (const visit of visits) {
    if (now() >= end) break;
    const { drilled, held } = await visited(view, visit, () => now() < end);
    found.drilled += drilled;
    found.held += held;
  }
  return found;
}

async function visited(core: Core, { key, head, records }: Visit, goesOn: () => boolean): Promise<Drilled> {
  const whole: Visit["records"] = [];
  let damaged = 0;
  try {
    // One after the other: two contents at a time may be more than the memory there is.
    for (const record of records) {
      if (!goesOn()) break;
      const found = await readBack(core, key, record);
      if (found === "held") whole.push(record);
      if (found === "damaged") damaged++;
    }
  } catch {
    // The store does not answer: what was read counts, the rest is for the next pass.
  }
  await vouchAll(core, key, head.fence, whole);
  const counted = { "drill/held": whole.length, "drill/damaged": damaged };
  if (whole.length + damaged > 0) core.tally.count(metricsKey(key.tenant), counted);
  return { drilled: whole.length + damaged, held: whole.length };
}
