import type { Due } from "../backends/types.ts";
import { sha256Hex } from "../frames/digest.ts";
import { newWriteId } from "../model/ids.ts";
import { send } from "../state/commit.ts";
import type { Core } from "../state/core.ts";

export interface SweepSummary {
  /** Pipelines found with a lease that ran out. */
  due: number;
  /** Of these, how many this sweep interrupted; the rest moved on, or another sweep had them. */
  interrupted: number;
  /** More was due than one sweep takes. */
  more: boolean;
}

const PER_SWEEP = 200;
const AT_ONCE = 16;

/**
 * One run of the scheduled function: pipelines whose lease ran out become `interrupted`, each once, however
 * many sweeps overlap, for the commit is bound to the revision that was found. The fence rises with it, so
 * that a holder who wakes late has lost the right to write.
 */
export async function sweep(core: Core): Promise<SweepSummary> {
  const due = await core.backend.due(PER_SWEEP);
  let interrupted = 0;
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const done = await Promise.all(due.slice(from, from + AT_ONCE).map((each) => interrupt(core, each)));
    interrupted += done.filter(Boolean).length;
  }
  return { due: due.length, interrupted, more: due.length === PER_SWEEP };
}

async function interrupt(core: Core, { key, head }: Due): Promise<boolean> {
  const outcome = await send(core, {
    key,
    writeId: newWriteId(),
    digest: await sha256Hex(JSON.stringify(["interrupt", head.fence])),
    expect: { create: "never", revision: head.revision, force: true },
    effects: {
      status: "interrupted",
      events: [{ type: "interrupted", ...(head.lease ? { owner: head.lease.owner } : {}) }],
    },
  });
  return outcome.ok;
}
