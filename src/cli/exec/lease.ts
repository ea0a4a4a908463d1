import { setTimeout as sleep } from "node:timers/promises";
import { CairnError } from "../../model/errors.ts";
import { json, type ServiceCalls } from "../service.ts";

export interface Grant {
  fence: number;
  attempt: number;
  version: number;
  /** Null: there is no state yet. */
  stateUrl: string | null;
}

export interface LeaseOptions {
  pipelineId: string;
  owner: string;
  ttlSeconds: number;
  /** How long to wait for another holder. */
  waitSeconds: number;
  /** Of a pipeline that is not there yet. */
  settings: object;
}

/** Takes the lease and the recovery point; makes the pipeline where it is missing. @throws CairnError */
export async function takeLease(service: ServiceCalls, options: LeaseOptions): Promise<Grant> {
  const { pipelineId, owner, ttlSeconds, waitSeconds, settings } = options;
  const target = `/v1/pipelines/${pipelineId}`;
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    try {
      return await service.call<Grant>("POST", `${target}/resume`, json({ owner, ttlSeconds }));
    } catch (error) {
      const { code, facts } = error as CairnError;
      if (code === "not_found") await service.call("PUT", target, json(settings));
      else if (code !== "lease_held" || performance.now() > deadline) throw error;
      else await sleep(Math.min(1, facts.retryAfterSeconds ?? 1) * 1000);
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
  service: ServiceCalls,
  { pipelineId, ttlSeconds }: LeaseOptions,
  { fence }: Grant,
  signal: AbortSignal,
): Promise<string | null> {
  const path = `/v1/pipelines/${pipelineId}/lease`;
  const request = json({}, { "Cairn-Fence": String(fence) });
  let end = performance.now() + ttlSeconds * LOST_AFTER * 1000;
  while (!signal.aborted) {
    await sleep(ttlSeconds * RENEWED_AFTER * 1000, null, { signal }).catch(() => {});
    const sent = performance.now();
    const late = AbortSignal.timeout(Math.max(1, Math.round(end - sent)));
    try {
      await service.call("PUT", path, { ...request, signal: AbortSignal.any([signal, late]) });
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
  return error instanceof CairnError && error.status >= 500;
}
