import { present } from "../../model/present.ts";
import type { Answer } from "./network.ts";
import { LONGEST_WAIT_SECONDS } from "./schedule.ts";

/** How one try ended. */
export type Delivery =
  | { delivered: true; status: number }
  | {
      delivered: false;
      /** A sentence part for events and logs, without secrets. */
      why: string;
      /** No further try is wanted: dead letter at once. */
      final: boolean;
      status?: number;
      /** What the receiver asked to wait, at most an hour. */
      retryAfterSeconds?: number;
    };

/** A try that was given up before anything was sent; the message is the reason. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** What an answer means: 2xx is delivered, 410 that nothing more is wanted, all else to try again. */
export function outcomeOf({ status, retryAfter }: Answer, now: number): Delivery {
  if (status >= 200 && status < 300) return { delivered: true, status };
  const patient = status === 429 || status === 503;
  const retryAfterSeconds = patient ? parseRetryAfter(retryAfter, now) : undefined;
  const failed = { delivered: false as const, why: whyOf(status), final: status === 410, status };
  return present({ ...failed, retryAfterSeconds });
}

function whyOf(status: number): string {
  if (status === 410) return "the receiver answered 410: it wants no more messages";
  const redirect = status >= 300 && status < 400;
  return `the receiver answered ${status}${redirect ? ", a redirect, which is not followed" : ""}`;
}

/** Seconds to wait by `Retry-After` (RFC 9110 §10.2.3), a number or a date; undefined when it is neither. */
function parseRetryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), LONGEST_WAIT_SECONDS);
}

/** Why nothing came back. Of a system's error only the code is told: its message may name addresses. */
export function failureOf(error: unknown): string {
  if (error instanceof Refused) return error.message;
  const code = (error as { code?: unknown } | null)?.code;
  const named = typeof code === "string" && /^[A-Z][A-Z0-9_]{2,63}$/.test(code);
  return named ? `the connection failed (${code})` : "the connection failed";
}
