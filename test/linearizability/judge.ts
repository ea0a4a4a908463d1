import { linearize } from "./checker.ts";
import { pipelineModel } from "./model.ts";
import { type Operation, printHistory } from "./operations.ts";
import { smallest } from "./smallest.ts";

export interface Judgement {
  /** Pipelines whose history cannot be explained. */
  violations: number;
  /** Pipelines whose history is too large to tell. */
  undecided: number;
  /** The smallest part of a history that cannot be explained, as text. */
  smallest: string | null;
}

/** How many violations are made small before the smallest is told. */
const REDUCED = 5;

/** Whether one order explains each pipeline's history. */
export function judge(
  subjects: readonly { id: string; history: readonly Operation[] }[],
  slackSeconds: number,
): Judgement {
  const model = pipelineModel(slackSeconds);
  const verdicts = subjects.map((subject) => ({ ...subject, ...linearize(model, subject.history) }));
  const wrong = verdicts.filter(({ kind }) => kind === "violation");
  const parts = wrong.slice(0, REDUCED).map(({ id, history }) => ({ id, part: smallest(model, history) }));
  const [least] = parts.sort((a, b) => a.part.length - b.part.length);
  return {
    violations: wrong.length,
    undecided: verdicts.filter(({ kind }) => kind === "undecided").length,
    smallest: least ? `Pipeline ${least.id}:\n${printHistory(least.part)}` : null,
  };
}
