import * as z from "zod";

/** The task a save or an evaluation speaks of. */
export const Task = z
  .strictObject({
    name: z.string().min(1).max(256),
    criticality: z.number().min(0).max(1).optional(),
    seconds: z.number().min(0).optional(),
    fanOut: z.int().min(0).optional(),
  })
  .meta({ id: "Task" });
export type Task = z.infer<typeof Task>;

/** What is known when a decision is asked for; the seed's `should_checkpoint`. */
export const Situation = z
  .strictObject({
    task: Task,
    event: z.string().min(1).max(128),
    progress: z.number().min(0).max(1),
    stateBytes: z.int().min(0),
    sinceCheckpointSeconds: z.number().min(0),
  })
  .partial()
  .meta({ id: "Situation" });
export type Situation = z.infer<typeof Situation>;
