import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { inProcess, memoryBackend } from "cairn";
import { CairnSaver, ThreadConflictError } from "cairn/langgraph";
import { isExactly } from "./equal.ts";

/** Whoever takes a saver takes this one. */
export const savers: BaseCheckpointSaver[] = [
  new CairnSaver({ url: "https://cairn.example.com", apiKey: "key" }),
  new CairnSaver(inProcess({ backend: memoryBackend() })),
];
// @ts-expect-error: where the service is must be said
new CairnSaver({});

export function failure(error: unknown): void {
  if (error instanceof ThreadConflictError) isExactly<string>()(error.message);
}
