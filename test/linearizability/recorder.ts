import type { Exchange } from "./exchange.ts";
import type { Answer, Operation, Request } from "./operations.ts";

/** Sends a request once more, with the same key. */
export type Send = () => Promise<Exchange>;

export interface Asked {
  /** What goes into the history; nothing when nothing was done, nor learned. */
  operations: Operation[];
  answer: Answer | null;
  /** How often it was sent. */
  sends: number;
}

/**
 * Asks until there is an answer, or patience is at an end. All that is sent with one key is one operation, from the
 * first time to the answer. But a refusal is not remembered by its key: one of the earlier requests may still be on
 * its way and be done later, which is an operation of its own that nobody has an answer to. It was not done before:
 * the answer would have been its result.
 *
 * @param again whether it is sent once more
 */
export async function ask(
  client: number,
  request: Request,
  send: Send,
  again: (sends: number) => Promise<boolean>,
): Promise<Asked> {
  const invoked = performance.now();
  let unknown = false;
  for (let sends = 1; ; sends++) {
    const sent = performance.now();
    const answer = await send();
    const returned = performance.now();
    const open = { client, request, answer: null, invoked, returned: Number.POSITIVE_INFINITY };
    if (typeof answer === "object") {
      const done = { client, request, answer, returned };
      if (!unknown || isEffect(answer)) return { operations: [{ ...done, invoked }], answer, sends };
      const refused = { ...done, invoked: sent };
      return { operations: [refused, { ...open, follows: refused }], answer, sends };
    }
    unknown ||= answer === "unknown" && request.verb !== "read";
    if (!(await again(sends))) return { operations: unknown ? [open] : [], answer: null, sends };
  }
}

function isEffect({ is }: Answer): boolean {
  return is === "saved" || is === "taken" || is === "renewed" || is === "released";
}
