import { once } from "./once.ts";
import * as z from "./zod.ts";

const share = once(() => z.number().check(z.minimum(0), z.maximum(1)));

/** The task a save or an evaluation speaks of. */
export const Task = once(() =>
  z
    .strictObject({
      name: z.string().check(z.minLength(1), z.maxLength(256)),
      criticality: z.optional(share()),
      seconds: z.optional(z.number().check(z.minimum(0))),
      fanOut: z.optional(z.int().check(z.minimum(0))),
    })
    .check(z.meta({ id: "Task" })),
);
export type Task = z.infer<ReturnType<typeof Task>>;

/** What is known when a decision is asked for; the seed's `should_checkpoint`. */
export const Situation = once(() =>
  z
    .partial(
      z.strictObject({
        task: Task(),
        event: z.string().check(z.minLength(1), z.maxLength(128)),
        progress: share(),
        stateBytes: z.int().check(z.minimum(0)),
        sinceCheckpointSeconds: z.number().check(z.minimum(0)),
      }),
    )
    .check(z.meta({ id: "Situation" })),
);
export type Situation = z.infer<ReturnType<typeof Situation>>;
