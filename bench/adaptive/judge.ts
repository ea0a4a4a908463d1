import { type Outcome, overhead, simulate } from "../../src/checkpointing/simulate.ts";
import type { Case } from "./cases.ts";
import { BEST, POLICIES } from "./policies.ts";

/** What policies came to on one case. */
export interface Judged {
  name: string;
  traceIndex: number;
  /** Under the yardstick. */
  failures: number;
  outcomes: Record<string, Judgement>;
}

/** What one policy came to. */
export interface Judgement extends Outcome {
  overhead: number;
  milliseconds: number;
  /** Bytes by which its fullest pipeline was over its budget; −∞ where it has none. */
  overBudgetBytes: number;
}

/** Below this nothing failed and nothing was saved: there is no overhead to compare with. */
const LEAST_OVERHEAD = 1e-6;

/** Runs policies on a case; undefined if even DP* cannot finish it, or loses nothing. */
export function judge(subject: Case, policies: readonly string[]): Judged | undefined {
  const best = judgement(subject, BEST);
  if (best.gaveUp || best.overhead < LEAST_OVERHEAD) return undefined;
  const outcomes: Record<string, Judgement> = { [BEST]: best };
  for (const name of policies) outcomes[name] ??= judgement(subject, name);
  return { name: subject.name, traceIndex: subject.traceIndex, failures: best.failures, outcomes };
}

function judgement(subject: Case, policy: string): Judgement {
  const decider = POLICIES[policy]!(subject);
  const from = performance.now();
  const outcome = simulate(subject, decider);
  const milliseconds = performance.now() - from;
  const overBudgetBytes = decider.overBudgetBytes?.() ?? Number.NEGATIVE_INFINITY;
  return { ...outcome, overhead: overhead(outcome), milliseconds, overBudgetBytes };
}
