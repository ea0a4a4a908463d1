import type { Span } from "./checker.ts";

/** What a client asks of one pipeline. */
export type Request =
  | { verb: "read" }
  /** `over`: only that version (If-Match), or only when there is none (If-None-Match: *). */
  | { verb: "save"; value: string; over?: number | "absent"; fence?: number }
  | { verb: "take"; owner: string; ttlSeconds: number }
  | { verb: "renew"; fence: number; ttlSeconds: number }
  | { verb: "release"; fence: number };

/** What the service says. */
export type Answer =
  | { is: "content"; version: number; value: string }
  | { is: "saved"; version: number }
  | { is: "taken"; fence: number }
  | { is: "renewed" | "released" | "missing" | "leaseHeld" | "fenceLost" }
  /** `null`: there is no state. */
  | { is: "otherVersion"; version: number | null }
  /** Nothing that it may say: `500 internal`. */
  | { is: "wrong"; what: string };

/** A request that was sent, once or again with the same Idempotency-Key until it was answered. */
export interface Operation extends Span {
  client: number;
  request: Request;
  /** `null` while `returned` is `Infinity`. */
  answer: Answer | null;
}

/** One line for each operation, in the order they were invoked; times in milliseconds from the first. */
export function printHistory(history: readonly Operation[]): string {
  const sorted = [...history].sort((a, b) => a.invoked - b.invoked);
  const start = sorted[0]?.invoked ?? 0;
  return sorted.map((operation) => printOperation(operation, start)).join("\n");
}

function printOperation({ client, request, answer, invoked, returned }: Operation, start: number): string {
  const end = returned === Number.POSITIVE_INFINITY ? "?" : (returned - start).toFixed(1);
  const times = `${(invoked - start).toFixed(1)} … ${end}`.padStart(22);
  return `${times}  client ${client}  ${words(request)}  →  ${answer ? words(answer) : "unknown"}`;
}

function words(record: object): string {
  const [[, first], ...rest] = Object.entries(record) as [[string, string], ...[string, unknown][]];
  return [first, ...rest.map(([name, value]) => `${name} ${value}`)].join(", ");
}
