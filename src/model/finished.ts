import type { Status } from "./pipeline.ts";

/** What a pipeline ends as. */
export const FINISHED: readonly Status[] = ["completed", "failed", "cancelled"];
