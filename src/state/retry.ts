import { CairnError } from "../model/errors.ts";

/** How often a write that lost to a change it does not care about is prepared anew. */
const TRIES = 64;
/** So many are made at once; those behind them wait a while. */
const PROMPT = 3;

/**
 * Tries until one try answers other than `null`, which says: another write came between, prepare anew.
 *
 * @throws CairnError `backend_unavailable` when none did, and what a try throws
 */
export async function persistently<T>(attempt: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > PROMPT) await pause(tries);
    const done = await attempt();
    if (done !== null) return done;
  }
  throw new CairnError("backend_unavailable", "Too many writers at once on this pipeline.", {
    retryAfterSeconds: 1,
  });
}

/** Full jitter: contenders spread instead of meeting again. */
function pause(tries: number): Promise<void> {
  const limit = Math.min(1000, 5 * 2 ** Math.min(tries, 8));
  return new Promise((resolve) => setTimeout(resolve, Math.random() * limit));
}
