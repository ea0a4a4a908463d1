import { setTimeout as sleep } from "node:timers/promises";
import type { Pipeline } from "../../client/pipeline.ts";
import { asCairnError } from "../service.ts";
import type { FileContent, StateFile } from "./state-file.ts";

export interface Watched {
  pipeline: Pipeline;
  fence: number;
  file: StateFile;
  lookSeconds: number;
  warn(text: string): void;
}

/** Saves what the file becomes, as the pipeline's policy decides, until the signal is aborted. */
export async function watch(watched: Watched, signal: AbortSignal): Promise<void> {
  const { file, lookSeconds, warn } = watched;
  let askAt = 0;
  while (!signal.aborted) {
    await sleep(lookSeconds * 1000, null, { signal }).catch(() => {});
    const content = signal.aborted ? null : await file.look();
    if (!content || performance.now() < askAt) continue;
    try {
      const waits = await secondsToWait(watched, content);
      if (waits === null) await save(watched, content);
      else askAt = performance.now() + waits * 1000;
    } catch (error) {
      // Whether the lease is lost is for its heartbeats to say; the rest may pass.
      if (!signal.aborted) warn(`the state was not saved: ${(error as Error).message}`);
    }
  }
}

/** Saves what is in the file now, whatever the policy says. @throws CairnError */
export async function saveLast(watched: Watched): Promise<void> {
  const content = await watched.file.read();
  if (content) await save(watched, content);
}

async function save({ pipeline, fence, file }: Watched, content: FileContent): Promise<void> {
  const { bytes, contentType } = content;
  await pipeline.saveBytes(bytes, { contentType, fence, checkpoint: "always" }).catch(asCairnError);
  file.saved(content);
}

/** How long the policy would rather wait; null: it is worth it now. */
async function secondsToWait({ pipeline }: Watched, { bytes }: FileContent): Promise<number | null> {
  const decision = await pipeline.evaluate({ stateBytes: bytes.length });
  return decision.checkpoint ? null : decision.nextCheckSeconds;
}
