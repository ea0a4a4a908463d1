import type { ErrorCode } from "../model/errors.ts";
import { binOf } from "./histogram.ts";

/** What is counted of an operation that has ended. */
export interface Operation {
  /** As the HTTP contract names it, `saveState`. */
  operation: string;
  code: ErrorCode | "ok";
  seconds: number;
  /** Of the bodies, as sent; 0 where it is not known before they end. */
  bytesIn: number;
  bytesOut: number;
}

/** All operations of one name. */
export interface OperationCounts {
  /** How often each outcome was. */
  codes: Map<string, number>;
  /** Of those that went well: how long they took together, and each. */
  seconds: number;
  bins: Map<number, number>;
  bytesIn: number;
  bytesOut: number;
}

export interface Counts {
  operations: Map<string, OperationCounts>;
  /** How long pipelines ran, as far as saves tell (s). */
  runSeconds: number;
  /** By sink, what it did not take. */
  dropped: Map<string, number>;
  /** Checkpoints that the restore drill read back: `held` or `damaged`. */
  drilled: Map<string, number>;
}

/** What an operation adds to the sums. How long a refusal took says nothing of how long the work takes. */
export function incrementsOf(done: Operation): Record<string, number> {
  const { operation, code, seconds, bytesIn, bytesOut } = done;
  return {
    [`n/${operation}/${code}`]: 1,
    ...(code === "ok" && { [`s/${operation}`]: seconds, [`t/${operation}/${binOf(seconds)}`]: 1 }),
    ...(bytesIn > 0 && { [`i/${operation}`]: bytesIn }),
    ...(bytesOut > 0 && { [`o/${operation}`]: bytesOut }),
  };
}

/** Names that a later release counts are none of ours. */
export function countsOf(sums: Readonly<Record<string, number>>): Counts {
  const none = { operations: new Map(), dropped: new Map(), drilled: new Map() };
  const counts: Counts = { ...none, runSeconds: sums.run ?? 0 };
  for (const [name, sum] of Object.entries(sums)) {
    const [what, of, detail = ""] = name.split("/");
    if (of === undefined) continue;
    if (what === "d") counts.dropped.set(of, sum);
    else if (what === "drill") counts.drilled.set(of, sum);
    else read(counts.operations, what!, of, detail, sum);
  }
  return counts;
}

function read(all: Counts["operations"], what: string, operation: string, detail: string, sum: number): void {
  const one = all.get(operation) ?? {
    ...{ codes: new Map(), seconds: 0, bins: new Map(), bytesIn: 0, bytesOut: 0 },
  };
  all.set(operation, one);
  if (what === "n") one.codes.set(detail, sum);
  if (what === "t") one.bins.set(Number(detail), sum);
  if (what === "s") one.seconds = sum;
  if (what === "i") one.bytesIn = sum;
  if (what === "o") one.bytesOut = sum;
}
