import { setTimeout as sleep } from "node:timers/promises";
import type { ResumedPipeline } from "../../client/calls.ts";
import { CairnClientError, CairnHttpError } from "../../client/errors.ts";
import type { Pipeline } from "../../client/pipeline.ts";
import type { Settings } from "../../model/pipeline.ts";

export interface LeaseOptions {
  owner: string;
  ttlSeconds: number;
  /** How long to wait for another holder. */
  waitSeconds: number;
  /** Of a pipeline that is not there yet. */
  settings: Settings;
}

/**
 * Takes the lease and the recovery point; makes the pipeline where it is missing.
 *
 * @throws CairnHttpError, CairnClientError
 */
export async function takeLease(
  pipeline: Pipeline,
  { owner, ttlSeconds, waitSeconds, settings }: LeaseOptions,
): Promise<ResumedPipeline> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    try {
      return await pipeline.resume({ owner, ttlSeconds });
    } catch (error) {
      if (!(error instanceof CairnHttpError)) throw error;
      if (error.code === "not_found") await pipeline.register(settings);
      else if (error.code !== "lease_held" || performance.now() > deadline) throw error;
      else await sleep(Math.min(1, error.retryAfterSeconds ?? 1) * 1000);
    }
  }
}

/** How soon a lease is renewed, and how long it may not be: as much is left then to stop what runs under it. */
const RENEWED_AFTER = 1 / 5;
const LOST_AFTER = 2 / 3;

/** How long what runs under a lost lease may take to end, so that it is gone when another may begin. */
export function timeToStop({ ttlSeconds }: LeaseOptions): number {
  return ttlSeconds * (1 - LOST_AFTER);
}

/**
 * Renews the lease until the signal is aborted.
 *
 * @returns why the lease is lost, or cannot be known to be ours any more; null when it was renewed to the end
 */
export async function keepLease(
  pipeline: Pipeline,
  { ttlSeconds }: LeaseOptions,
  fence: number,
  signal: AbortSignal,
): Promise<string | null> {
  let end = performance.now() + ttlSeconds * LOST_AFTER * 1000;
  while (!signal.aborted) {
    await sleep(ttlSeconds * RENEWED_AFTER * 1000, null, { signal }).catch(() => {});
    const sent = performance.now();
    const late = AbortSignal.timeout(Math.max(1, Math.round(end - sent)));
    try {
      await pipeline.heartbeat({ fence, signal: AbortSignal.any([signal, late]) });
      end = sent + ttlSeconds * LOST_AFTER * 1000;
    } catch (error) {
      if (signal.aborted) return null;
      if (late.aborted || performance.now() > end) return "The service has not answered for too long.";
      if (!isPassing(error)) return (error as Error).message;
    }
  }
  return null;
}

function isPassing(error: unknown): boolean {
  if (error instanceof CairnHttpError) return error.status >= 500 || error.status === 429;
  return error instanceof CairnClientError;
}
