import type { HeartbeatAnswer } from "../calls/pipeline.ts";
import { CairnHttpError } from "../errors.ts";
import type { Pipeline } from "../pipeline.ts";
import { CairnLeaseError } from "./lease-error.ts";

export interface LeaseOptions {
  fence: number;
  ttlSeconds: number;
  /** Heartbeats in the time of the lease. @default 3 */
  beats?: number;
  /** The share of its time at whose start it is given up, to stop what runs under it before another may begin. */
  reserve?: number;
}

export interface Lease {
  readonly fence: number;
  /** Aborted with a CairnLeaseError once the lease is lost, or is about to run out. */
  readonly signal: AbortSignal;
  /** Renews it now. Where timers stand still, call it yourself. @throws CairnLeaseError */
  beat(ttlSeconds?: number): Promise<HeartbeatAnswer>;
  /** A write under the fence, sent at this time by `now`, went well: it has renewed the lease. */
  renewed(sentAt: number): void;
  /** A write under the fence failed: perhaps it is another's by now. */
  failed(error: unknown): void;
  /** No more heartbeats; the lease runs out by itself. */
  stop(): void;
}

/**
 * Keeps a lease alive until it is stopped, by heartbeats; none is sent where a write has renewed it as well. When the
 * service says that it is lost, or has not renewed it shortly before it runs out, the signal is aborted.
 */
export function keepLease(
  pipeline: Pipeline,
  { fence, ttlSeconds, beats = 3, reserve = 1 / 6 }: LeaseOptions,
  learned: (answer: HeartbeatAnswer) => void = () => {},
): Lease {
  const controller = new AbortController();
  let endsAt = 0;
  let beatAt = 0;
  renewed(now());
  const timer = setInterval(look, ttlSeconds * reserve * 250);
  // It keeps no process alive that has nothing else to do.
  (timer as { unref?: () => void }).unref?.();

  function look(): void {
    expire();
    if (now() < beatAt) return;
    beatAt = now() + ttlSeconds / beats;
    beat().catch(() => {});
  }

  function stop(): void {
    clearInterval(timer);
  }

  function lose(message: string, cause?: unknown): void {
    stop();
    controller.abort(new CairnLeaseError(message, { cause }));
  }

  function expire(): void {
    if (now() >= endsAt) lose("The service did not renew the lease in time.");
  }

  function renewed(sentAt: number, ttl = ttlSeconds): void {
    endsAt = Math.max(endsAt, sentAt + ttl * (1 - reserve));
    beatAt = Math.max(beatAt, sentAt + ttl / beats);
  }

  function failed(error: unknown): void {
    if (isLost(error)) lose("Another was granted the lease since.", error);
    else expire();
  }

  async function beat(ttl?: number): Promise<HeartbeatAnswer> {
    if (ttl === undefined) controller.signal.throwIfAborted();
    const sentAt = now();
    try {
      const answer = await pipeline.heartbeat({ fence, ttlSeconds: ttl });
      renewed(sentAt, ttl);
      learned(answer);
      return answer;
    } catch (error) {
      failed(error);
      controller.signal.throwIfAborted();
      throw error;
    }
  }

  return { fence, signal: controller.signal, beat, renewed, failed, stop };
}

function isLost(error: unknown): boolean {
  const lost = ["fence_lost", "lease_held", "pipeline_deleted", "not_found", "invalid_transition"];
  return error instanceof CairnHttpError && lost.includes(error.code);
}

/** Seconds of a clock that nobody sets. */
export function now(): number {
  return performance.now() / 1000;
}
