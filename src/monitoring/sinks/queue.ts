import { claim } from "../../state/claim.ts";
import type { RequestEvent } from "../request-event.ts";
import type { Sink } from "./sink.ts";

/** What waits beyond this is dropped: so much is in memory at most, and as much again on its way. */
export const MOST_WAITING = 4096;
/** What one request to a sink carries. */
const MOST_AT_ONCE = 1024;

const FULL = new Error("The queue is full.");

/** Nothing was taken; the message says why, for the log: no address is in it, nor what was sent. */
export class NotTaken extends Error {
  override readonly name = "NotTaken";
}

/** Sends some events. @returns how many of them were not taken @throws NotTaken, or anything, when none were */
export type Post = (events: readonly RequestEvent[], signal: AbortSignal) => Promise<number>;

/**
 * A sink behind a network: events wait here, and are sent together, once. One sending at a time, which has a deadline for
 * all that it sends: a receiver that hangs costs no more than that.
 */
export function queued(name: string, post: Post, deadlineMs: number): Required<Sink> {
  let waiting: RequestEvent[] = [];
  const sending = claim();

  async function sendAll(events: readonly RequestEvent[]): Promise<RequestEvent[]> {
    const signal = AbortSignal.timeout(deadlineMs);
    const dropped: RequestEvent[] = [];
    for (let from = 0; from < events.length; from += MOST_AT_ONCE) {
      const some = events.slice(from, from + MOST_AT_ONCE);
      try {
        // Which of them were not taken nobody tells: the first are as good as any.
        dropped.push(...some.slice(0, await post(some, signal)));
      } catch (error) {
        const why = signal.aborted ? `no answer within ${deadlineMs} ms` : reasonOf(error);
        console.error(JSON.stringify({ level: "error", event: "sink_failed", sink: name, why }));
        // What does not take these will not take those behind them.
        return [...dropped, ...events.slice(from)];
      }
    }
    return dropped;
  }

  return {
    name,
    take(event) {
      if (waiting.length >= MOST_WAITING) throw FULL;
      waiting.push(event);
    },
    claim: (spacedMs) => waiting.length > 0 && sending.take(spacedMs),
    send() {
      const taken = waiting;
      waiting = [];
      return sendAll(taken).finally(sending.done);
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof NotTaken ? error.message : "the connection failed";
}
