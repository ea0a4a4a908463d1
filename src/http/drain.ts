import type { Context } from "hono";
import type { Core } from "../state/core.ts";
import { later } from "../state/later.ts";

/** Where an answer waits for it, not every one does. */
const SPACED_MS = 5000;

/**
 * What requests leave to be done: what they counted is added to the sums in the store, and what they would have liked
 * to know is read for the next. Some seconds later and beside the answers where the runtime goes on after them, else
 * before this one.
 *
 * @param frozen the runtime stands still between requests (Lambda)
 */
export async function drain({ tally, kinds }: Core, c: Context, frozen: boolean): Promise<void> {
  const read = kinds.wanted();
  const flush = tally.claim(frozen ? SPACED_MS : 0) ? () => tally.flush() : null;
  if (!read && !flush) return;
  const work = () => Promise.all([read?.(), flush?.()]);
  if (frozen) await work();
  else contextOf(c).waitUntil(later().then(work));
}

/** Hono's getter throws where there is none: then the work is nobody's to wait for, and done all the same. */
function contextOf(c: Context): Pick<Context["executionCtx"], "waitUntil"> {
  try {
    return c.executionCtx;
  } catch {
    return { waitUntil: () => {} };
  }
}
