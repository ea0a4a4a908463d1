import type { Effects } from "../../backends/types.ts";
import type { Wake } from "../../model/care.ts";
import type { Head } from "../../model/head.ts";
import type { Delivery } from "../wake/delivery.ts";
import type { Interruption } from "../wake/message.ts";
import { nextAttempt } from "../wake/schedule.ts";
import { MAX_ATTEMPTS } from "./plan.ts";

/** Who is told what. */
export function interruptionOf(head: Head, { at, fence }: Wake): Interruption {
  const { tenant, pipelineId, kind, labels, attempt, version, lastCheckpoint } = head;
  const checkpointId = lastCheckpoint && { checkpointId: lastCheckpoint.checkpointId };
  return { tenant, pipelineId, kind, labels, attempt, version, fence, at, ...checkpointId };
}

/**
 * What one try leaves behind. One that was delivered is tried again as well: its owner may have died after it said
 * yes; it ends when the pipeline goes on. Without another try it is a dead letter.
 *
 * @param now epoch milliseconds
 */
export function afterTry(
  head: Head,
  wake: Wake,
  delivery: Delivery,
  now: number,
  random: () => number = Math.random,
): Effects {
  const tries = wake.tries + 1;
  const { backoffSeconds = 30, maxAttempts = MAX_ATTEMPTS } = head.recovery;
  const asked = delivery.delivered ? {} : { retryAfterSeconds: delivery.retryAfterSeconds ?? 0 };
  const final = !delivery.delivered && delivery.final;
  const wait = final ? null : nextAttempt(tries, { backoffSeconds, maxAttempts, ...asked }, random);
  const state = wait === null ? ("dead" as const) : ("waiting" as const);
  const told = delivery.delivered ? [{ type: "woken" as const, detail: `try ${tries}` }] : [];
  const dead = wait === null && !delivery.delivered;
  const given = dead ? [{ type: "deadLettered" as const, detail: `try ${tries}: ${delivery.why}` }] : [];
  return {
    care: { ...head.care, wake: { ...wake, tries, state } },
    lookAt: wait === null ? null : new Date(now + wait * 1000).toISOString(),
    events: [...told, ...given],
  };
}
