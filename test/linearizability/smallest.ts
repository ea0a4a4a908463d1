import { linearize, type Specification } from "./checker.ts";
import type { Pipeline } from "./model.ts";
import type { Operation } from "./operations.ts";

/** Verbs that change nothing, answered or not, can be left out: what is left is no easier to explain by that. */
const HARMLESS = ["content", "missing", "otherVersion", "leaseHeld", "fenceLost"];

/**
 * A small part of a history that cannot be explained either: its shortest beginning, without the reads and the
 * refusals that do not matter.
 */
export function smallest(
  model: Specification<Pipeline, Operation>,
  history: readonly Operation[],
): Operation[] {
  const fails = (part: Operation[]) => linearize(model, part).kind === "violation";
  let part = shortestPrefix(history, fails);
  for (const each of part) {
    if (!each.answer || !HARMLESS.includes(each.answer.is)) continue;
    if (part.some(({ follows }) => follows === each)) continue;
    const without = part.filter((other) => other !== each);
    if (fails(without)) part = without;
  }
  return part;
}

/** As the history was known at some moment: what had not returned by then was not answered. */
function shortestPrefix(history: readonly Operation[], fails: (part: Operation[]) => boolean): Operation[] {
  const moments = history.map(({ returned }) => returned).filter(Number.isFinite);
  for (const moment of moments.sort((a, b) => a - b)) {
    const part = asOf(history, moment);
    if (fails(part)) return part;
  }
  return [...history];
}

function asOf(history: readonly Operation[], moment: number): Operation[] {
  const followed = new Set(history.map(({ follows }) => follows));
  const part: Operation[] = [];
  for (const operation of history.filter(({ invoked }) => invoked <= moment)) {
    const { follows, ...alone } = operation;
    if (follows && follows.returned > moment) part.push(alone);
    else if (operation.returned <= moment || operation.answer === null) part.push(operation);
    // What tells nothing and can have done nothing: a read; a request whose earlier sending stands for it.
    else if (operation.request.verb !== "read" && !followed.has(operation))
      part.push({ ...operation, answer: null, returned: Number.POSITIVE_INFINITY });
  }
  return part;
}
