import type { Settings } from "../../model/pipeline.ts";
import type { ResumedPipeline } from "../calls/pipeline.ts";
import type { CairnHttpError } from "../errors.ts";
import { pause } from "../pause.ts";
import type { Pipeline } from "../pipeline.ts";

export interface TakeOptions {
  owner: string;
  ttlSeconds: number;
  /** How long to wait for another holder. */
  waitSeconds: number;
  signal?: AbortSignal | undefined;
}

export interface Taken extends ResumedPipeline {
  /** It was not there before. */
  made: boolean;
}

/**
 * Takes the lease and the recovery point; makes the pipeline, with these settings, where it is missing.
 *
 * @throws CairnHttpError `lease_held` when another holds it for longer, `invalid_transition` when it has ended
 */
export async function takeLease(
  pipeline: Pipeline,
  { owner, ttlSeconds, waitSeconds, signal }: TakeOptions,
  settings: Settings,
): Promise<Taken> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (let made = false; ; ) {
    try {
      return { ...(await pipeline.resume({ owner, ttlSeconds, signal })), made };
    } catch (error) {
      const { code, retryAfterSeconds } = error as CairnHttpError;
      if (code === "not_found" && !made) {
        await pipeline.register(settings, { signal });
        made = true;
      } else if (code !== "lease_held" || performance.now() >= deadline) throw error;
      else await pause(Math.min(1, retryAfterSeconds ?? 1), signal);
    }
  }
}
