import { memoryBackend } from "../../src/backends/memory.ts";
import type { PipelineEvent } from "../../src/model/event.ts";
import { sweep } from "../../src/recovery/sweep/sweep.ts";
import { deliver } from "../../src/recovery/wake/deliver.ts";
import type { Delivery } from "../../src/recovery/wake/delivery.ts";
import { type Interruption, wakeMessage } from "../../src/recovery/wake/message.ts";
import { parseWebhookSecrets } from "../../src/recovery/wake/secrets.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { listEvents } from "../../src/state/pipelines.ts";
import { resume } from "../../src/state/resume.ts";
import { fill, keyOf } from "../sweep/fill.ts";
import { type Answering, type Receiver, startReceiver } from "./receiver.ts";

export interface Delivered {
  interruptions: number;
  delivered: number;
  deadLettered: number;
  /** Messages that the receiver had, and how many of their signatures the official library took. */
  messages: number;
  verified: number;
  followed: number;
  /** Interruptions whose messages had more than one id, or one that another had as well. */
  unstable: number;
  /** Of which the receiver knows something else than the store. */
  disputed: number;
}

const SECRET = `whsec_${btoa("thirty-two bytes of great secrecy")}`;
const TRIES = 4;
/** Each pipeline is interrupted so often: another interruption, another id. */
const ROUNDS = 2;
const [TTL, MINUTE] = [30, 60_000];
/** The receiver's slow answers come well within it. */
const DEADLINE_SECONDS = 1;

/**
 * Interrupts pipelines whose owners' receiver does at each try what the dice say. The clock of the service and its
 * store is moved by hand; all that goes over HTTP is real.
 */
export async function deliveries(interruptions: number, random: () => number): Promise<Delivered> {
  const receiver = await startReceiver(SECRET, random);
  const clock = { now: Date.parse("2026-11-23T08:00:00Z") };
  const backend = memoryBackend({ now: () => clock.now });
  const core = createCore({ backend, webhooks: { allow: [receiver.origin] } });
  const count = Math.ceil(interruptions / ROUNDS);
  const recovery = { webhookUrl: `${receiver.origin}/wake`, backoffSeconds: 30, maxAttempts: TRIES };
  try {
    await fill({ backend, batch: count }, { prefix: "p", count, ttlSeconds: TTL, recovery });
    const interrupted: Interrupted[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await tellAll(core, clock, count);
      const lists = await eventsOf(core, count);
      interrupted.push(...lists.map((events, n) => ({ pipelineId: keyOf("p", n).pipelineId, events })));
      for (let n = 0; n < count; n++) await resume(core, keyOf("p", n), { owner: "owner", ttlSeconds: TTL });
    }
    return judge(receiver, interrupted);
  } finally {
    await receiver.stop();
  }
}

interface Interrupted {
  pipelineId: string;
  /** Newest first, the interruption last. */
  events: readonly PipelineEvent[];
}

/** Sweeps, minute by minute, until each owner has heard, or nobody tries any more. */
async function tellAll(core: Core, clock: { now: number }, count: number): Promise<void> {
  const secrets = parseWebhookSecrets(SECRET);
  const wake = async (url: string, interruption: Interruption): Promise<Delivery> => {
    const message = await wakeMessage(interruption);
    const headers = await secrets.sign(message, new Date());
    const options = { allow: core.webhooks.allow, deadlineSeconds: DEADLINE_SECONDS };
    return deliver(url, { body: message.body, headers }, options);
  };
  for (let left = count; left > 0; ) {
    clock.now += MINUTE;
    await sweep(core, { now: () => clock.now, calls: 10_000, seconds: 3600, wake });
    const lists = await eventsOf(core, count);
    left = lists.filter((events) => outcomeOf(events) === null).length;
  }
}

/** Of each pipeline: what came since it was last interrupted, newest first. */
async function eventsOf(core: Core, count: number): Promise<PipelineEvent[][]> {
  const lists = Array.from({ length: count }, async (_, n) => {
    const { data } = await listEvents(core, keyOf("p", n), { limit: 100 });
    const start = data.findIndex(({ type }) => type === "interrupted");
    return data.slice(0, start + 1);
  });
  return Promise.all(lists);
}

function outcomeOf(events: readonly PipelineEvent[]): "delivered" | "deadLettered" | null {
  if (events.some(({ type }) => type === "woken")) return "delivered";
  return events.some(({ type }) => type === "deadLettered") ? "deadLettered" : null;
}

const YES: readonly Answering[] = ["isSlow", "says200"];

function judge(receiver: Receiver, interrupted: readonly Interrupted[]): Delivered {
  const all = interrupted.map(({ pipelineId, events }) => {
    const heard = receiver.told.get(`${pipelineId}/${events.at(-1)!.fence}`);
    return { outcome: outcomeOf(events), ids: [...(heard?.ids ?? [])], answers: heard?.answers ?? [] };
  });
  const owners = new Map<string, number>();
  for (const { ids } of all) for (const id of ids) owners.set(id, (owners.get(id) ?? 0) + 1);
  const count = (of: (each: (typeof all)[number]) => boolean) => all.filter(of).length;
  return {
    interruptions: all.length,
    delivered: count(({ outcome }) => outcome === "delivered"),
    deadLettered: count(({ outcome }) => outcome === "deadLettered"),
    messages: receiver.verified + receiver.forged,
    verified: receiver.verified,
    followed: receiver.followed,
    unstable: count(({ ids }) => ids.length !== 1 || owners.get(ids[0]!) !== 1),
    disputed: count(({ outcome, answers }) => disputed(outcome, answers)),
  };
}

/** Whoever says yes too late is not heard: then it is a dead letter to the store, and not to the receiver. */
function disputed(outcome: ReturnType<typeof outcomeOf>, answers: readonly Answering[]): boolean {
  const heard = answers.some((answer) => YES.includes(answer));
  return outcome === "delivered" ? !heard : answers.length !== TRIES;
}
