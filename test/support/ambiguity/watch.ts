import type { Disturbed } from "./trial.ts";

/** Which commits to disturb, once each, and how many there were. */
export function watchCommits(): Pick<Disturbed, "disturb" | "seen"> & {
  /** Counts a commit that goes by on this pipeline (`null`: it is none); whether it is to be disturbed. */
  look(pipelineId: string | null): boolean;
} {
  const waiting = new Set<string>();
  const seen = new Map<string, { commits: number; disturbed: boolean }>();
  const of = (pipelineId: string) => seen.get(pipelineId) ?? { commits: 0, disturbed: false };
  return {
    look(pipelineId) {
      if (pipelineId === null) return false;
      const known = of(pipelineId);
      const now = waiting.delete(pipelineId);
      seen.set(pipelineId, { commits: known.commits + 1, disturbed: known.disturbed || now });
      return now;
    },
    disturb({ pipelineId }) {
      waiting.add(pipelineId);
      // What came before went without a disturbance.
      seen.delete(pipelineId);
    },
    seen: ({ pipelineId }) => of(pipelineId),
  };
}
