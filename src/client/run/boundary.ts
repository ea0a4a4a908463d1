import { checkpointCost, decide } from "../../checkpointing/decide.ts";
import { knowledgeOf } from "../../checkpointing/knowledge.ts";
import { placeIn, planOf } from "../../checkpointing/placed.ts";
import { addProfiles, checkpointTook, type Profile } from "../../checkpointing/profile.ts";
import type { Decision } from "../../model/checkpoint.ts";
import type { Policy, Settings } from "../../model/pipeline.ts";
import type { Task } from "../../model/task.ts";
import { now } from "./lease.ts";

/** Decides at the boundaries of tasks, in this process: what need not be saved is not sent. */
export interface Boundaries {
  /** Whether to save now that this task has ended. */
  decide(task: Task, progress?: number): Decision;
  /** A save of so many bytes took so long. */
  saved(bytes: number, seconds: number, task: string | null): void;
  /** What was learned elsewhere. */
  learned(profile: Profile): void;
}

/** A plan is made anew when a save costs so much more or less than it was made for. */
const ANOTHER = 0.1;

/** What of a profile is about the cost of a save: here it is measured with the way to the service. */
const COSTS = ["c", "cb", "cbb", "cs", "csb"] as const;

/** @param upSince when this process took the pipeline up, by `now` */
export function boundaries(
  policy: Policy,
  tasks: NonNullable<Settings["tasks"]>,
  profile: Profile,
  upSince: number,
): Boundaries {
  let savedAt = now();
  let lastBytes = 0;
  let lastTask: string | null = null;
  let own: Profile = {};
  let known = knowledgeOf(profile);
  let plan = planOf(tasks, known);
  let lastProgress = 0;
  let progressAtCheckpoint = 0;

  return {
    decide(task, progress) {
      const time = now();
      const since = time - savedAt;
      lastProgress = progress ?? lastProgress;
      return decide(policy, known, {
        ...{ task, stateBytes: lastBytes, sinceCheckpointSeconds: since },
        ...(progress === undefined ? {} : { progress }),
        uptimeSeconds: time - upSince,
        atRiskSeconds: since,
        planned: () => (plan ? placeIn(plan, task.name, lastTask) : undefined),
        progressAtCheckpoint,
      });
    },
    saved(bytes, seconds, task) {
      savedAt = now();
      progressAtCheckpoint = lastProgress;
      lastBytes = bytes;
      lastTask = task;
      own = addProfiles(own, checkpointTook(bytes, seconds));
      const before = checkpointCost(known.profile, bytes);
      known = { ...known, profile: withCosts(known.profile, own) };
      const changed = Math.abs(checkpointCost(known.profile, bytes) - before) > ANOTHER * before;
      if (changed) plan = planOf(tasks, known);
    },
    learned(profile) {
      known = knowledgeOf(withCosts(profile, own));
      plan = planOf(tasks, known);
    },
  };
}

function withCosts(profile: Profile, own: Profile): Profile {
  if (own.c === undefined) return profile;
  return { ...profile, ...Object.fromEntries(COSTS.map((name) => [name, own[name] ?? 0])) };
}
