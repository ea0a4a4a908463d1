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

/**
 * Renews the lease until the signal is aborted.
 *
 * @returns why the lease is lost; null when it was renewed to the end
 */
export async function keepLease(
  service: ServiceCalls,
  { pipelineId, ttlSeconds }: LeaseOptions,
  { fence }: Grant,
  signal: AbortSignal,
): Promise<string | null> {
  const request = { headers: { "Cairn-Fence": String(fence) }, signal };
  let renewed = performance.now();
  while (!signal.aborted) {
    await sleep((ttlSeconds / 3) * 1000, null, { signal }).catch(() => {});
    const sent = performance.now();
    try {
      await service.call("PUT", `/v1/pipelines/${pipelineId}/lease`, {
        ...request,
        ...json({}, request.headers),
      });
      renewed = sent;
    } catch (error) {
      if (signal.aborted) return null;
      if (!isPassing(error)) return (error as Error).message;
      // From then on another may have it, and nobody can tell us.
      if (performance.now() - renewed > ttlSeconds * 1000)
        return "It ran out, and the service does not answer.";
    }
  }
  return null;
}

function isPassing(error: unknown): boolean {
  return error instanceof CairnError && error.status >= 500;
}
