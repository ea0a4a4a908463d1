import type { HeartbeatAnswer } from "../calls.ts";
import { CairnHttpError } from "../errors.ts";
import type { Pipeline } from "../pipeline.ts";
import { CairnLeaseError } from "./lease-error.ts";

/** Heartbeats in the time of a lease: two may get lost. */
const BEATS = 3;

export interface Lease {
  readonly fence: number;
  /** Aborted with a CairnLeaseError once the lease is lost, and with the caller's own reason before. */
  readonly signal: AbortSignal;
  /** Renews it now. Where timers stand still, call it yourself. @throws CairnLeaseError */
  beat(ttlSeconds?: number): Promise<HeartbeatAnswer>;
  /** A write under the fence went well, and renewed it; or it failed. */
  wrote(error?: unknown): void;
  /** No more heartbeats; the lease runs out by itself. */
  stop(): void;
}

/**
 * Keeps a lease alive until it is stopped: a heartbeat every third of its time. When the service says that it is lost,
 * or does not answer until it has run out, the signal is aborted.
 */
export function keepLease(
  pipeline: Pipeline,
  { fence, ttlSeconds }: { fence: number; ttlSeconds: number },
  learned: (answer: HeartbeatAnswer) => void,
): Lease {
  const controller = new AbortController();
  let endsAt = now() + ttlSeconds;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function lose(message: string, cause?: unknown): void {
    stop();
    if (!controller.signal.aborted) controller.abort(new CairnLeaseError(message, { cause }));
  }

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  async function beat(ttl?: number): Promise<HeartbeatAnswer> {
    controller.signal.throwIfAborted();
    const asked = now();
    try {
      const answer = await pipeline.heartbeat({ fence, ttlSeconds: ttl });
      endsAt = asked + (ttl ?? ttlSeconds);
      learned(answer);
      return answer;
    } catch (error) {
      wrote(error);
      controller.signal.throwIfAborted();
      throw error;
    }
  }

  function wrote(error?: unknown): void {
    if (error === undefined) return;
    if (isLost(error)) lose("Another was granted the lease since.", error);
    else if (now() >= endsAt) lose("The lease ran out before the service answered.", error);
  }

  function next(): void {
    timer = setTimeout(
      () => {
        beat()
          .catch(() => {})
          .then(() => timer !== undefined && !controller.signal.aborted && next());
      },
      (ttlSeconds * 1000) / BEATS,
    );
    // Heartbeats keep no process alive that has nothing else to do.
    (timer as { unref?: () => void }).unref?.();
  }

  next();
  return { fence, signal: controller.signal, beat, wrote, stop };
}

function isLost(error: unknown): boolean {
  const lost = ["fence_lost", "lease_held", "pipeline_deleted", "not_found", "invalid_transition"];
  return error instanceof CairnHttpError && lost.includes(error.code);
}

/** Seconds of a clock that nobody sets. */
export function now(): number {
  return performance.now() / 1000;
}
