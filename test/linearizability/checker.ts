/**
 * Linearizability (Herlihy & Wing 1990), by search:
 *
 * - Wing & Gong 1993, "Testing and verifying concurrent objects": try as the next operation each one that was
 *   invoked before every other that is left returned; go back when none fits.
 * - Lowe 2017, "Testing for linearizability": never look twice at the same operations done and the same state.
 * - Horn & Kroening 2015, "Faster linearizability checking via P-compositionality": check each object by itself,
 *   here each pipeline: a history is linearizable when those of its objects are.
 */

/** When an operation began and ended, by one monotonic clock; `Infinity`: nobody knows whether it was done. */
export interface Span {
  invoked: number;
  returned: number;
  /** It can only have been done after this one. */
  follows?: Span;
}

/** What an object does when it is asked one thing after another. */
export interface Specification<S, O extends Span> {
  initial: S;
  /**
   * The state after the operation, or `null` when it cannot have been answered as it was in this state. Of one
   * that never returned: the state if it was done, `null` if it would change nothing.
   */
  after(state: S, operation: O): S | null;
  /** The same text for the same state. */
  keyOf(state: S): string;
}

export type Verdict<O> =
  /** An order that explains every answer. */
  | { kind: "linearizable"; order: O[] }
  /** There is none; the longest beginning of one. */
  | { kind: "violation"; longest: O[] }
  /** There are too many to look at. */
  | { kind: "undecided" };

/**
 * Whether all operations can be put in one order that explains every answer, in which none comes before one that
 * returned before it was invoked. Those that never returned may have been done at any time since, or never.
 *
 * @param limit how many configurations are looked at before it gives up
 */
export function linearize<S, O extends Span>(
  specification: Specification<S, O>,
  history: readonly O[],
  limit = 1_000_000,
): Verdict<O> {
  const operations = [...history].sort((a, b) => a.returned - b.returned || a.invoked - b.invoked);
  const seen = new Set<string>();
  const order: O[] = [];
  let longest: O[] = [];

  function search(state: S, done: bigint): boolean {
    const key = `${done.toString(36)} ${specification.keyOf(state)}`;
    if (seen.has(key) || seen.size >= limit) return false;
    seen.add(key);
    if (order.length > longest.length) longest = [...order];
    const first = operations.findIndex((_, i) => !isIn(done, i));
    const deadline = operations[first]?.returned ?? Number.POSITIVE_INFINITY;
    if (deadline === Number.POSITIVE_INFINITY) return true;
    for (let i = first; i < operations.length; i++) {
      const operation = operations[i]!;
      if (isIn(done, i) || operation.invoked > deadline) continue;
      if (operation.follows && !order.includes(operation.follows as O)) continue;
      const next = specification.after(state, operation);
      if (next === null) continue;
      order.push(operation);
      if (search(next, done | (1n << BigInt(i)))) return true;
      order.pop();
    }
    return false;
  }

  if (search(specification.initial, 0n)) return { kind: "linearizable", order };
  return seen.size >= limit ? { kind: "undecided" } : { kind: "violation", longest };
}

function isIn(done: bigint, index: number): boolean {
  return ((done >> BigInt(index)) & 1n) === 1n;
}
