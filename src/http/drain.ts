import type { Context, ExecutionContext } from "hono";
import type { Sinks } from "../monitoring/sinks/sink.ts";
import type { Core } from "../state/core.ts";
import { later } from "../state/later.ts";

/** Where there is no later, it is not done after every answer. */
const SPACED_MS = 5000;

/** What a runtime hands on with a request, as Hono's `env`, that stands still between requests (Lambda). */
export interface StandsStill {
  /** Runs it when the answer has gone out, before it stands still. */
  afterwards(work: () => Promise<unknown>): void;
}

/**
 * What requests leave to be done, and no answer waits for: what they counted is added to the sums in the store, what
 * they would have liked to know is read for the next, and the sinks are sent what they are to be told. That of many
 * together, some seconds later.
 */
export function drain({ tally, kinds }: Core, sinks: Sinks, c: Context): void {
  const { afterwards } = (c.env ?? {}) as Partial<StandsStill>;
  const spacedMs = afterwards ? SPACED_MS : 0;
  const flush = tally.claim(spacedMs) ? () => tally.flush() : null;
  const wanted = [kinds.wanted(), flush, sinks.wanted(spacedMs)].filter((work) => work !== null);
  if (wanted.length === 0) return;
  const work = () => Promise.all(wanted.map((each) => each()));
  if (afterwards) afterwards(work);
  else contextOf(c).waitUntil(later().then(work));
}

/** Hono's getter throws where there is none: then the work is nobody's to wait for, and done all the same. */
function contextOf(c: Context): Pick<ExecutionContext, "waitUntil"> {
  try {
    return c.executionCtx;
  } catch {
    return { waitUntil: () => {} };
  }
}
