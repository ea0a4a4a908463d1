import { sha256Hex } from "../frames/digest.ts";
import { secondsSince } from "../model/seconds.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import type { WakeMessage } from "../recovery/wake/message.ts";
import { nextAttempt } from "../recovery/wake/schedule.ts";
import type { WebhookSecrets } from "../recovery/wake/secrets.ts";
import { tell } from "../recovery/wake/tell.ts";
import type { Core } from "../state/core.ts";
import { readNote, writeNote } from "../state/operator.ts";
import {
  ALERT_NAMES,
  ALERT_THRESHOLDS,
  type AlertName,
  type AlertThresholds,
  type AlertView,
  look,
  type MetricsSource,
  type MetricsTotals,
  ratesOf,
  type Standing,
  type Values,
  viewOf,
} from "./alert-rules.ts";

export interface AlertOptions {
  /** Those left out are as `ALERT_THRESHOLDS` says. */
  thresholds?: Partial<AlertThresholds>;
  /** Without it, what follows from metrics is not watched. */
  metrics?: MetricsSource;
  /** Where alerts are told, and what the messages are signed with; without it they are only shown. */
  tell?: { url: string; secrets: WebhookSecrets } | undefined;
  /** Epoch milliseconds. @default Date.now */
  now?: () => number;
}

/** A change that is still to be told. */
interface Message {
  name: AlertName;
  firing: boolean;
  at: string;
  value: number | null;
  threshold: number;
  tries: number;
  /** Whoever wrote the note last has it until then, or nobody: then it is due. */
  notBefore: string;
}

/** What the service remembers of its alerts. */
interface AlertNote {
  at: string;
  /** The last sweep that came to an end of what was due. */
  caughtUpAt: string;
  totals: MetricsTotals | null;
  alerts: Partial<Record<AlertName, Standing>>;
  outbox: Message[];
  /** What sweeps have done, ever since. */
  swept: Swept;
}

/** Sums of what sweeps tell, and how many there were. */
export type Swept = Record<(typeof SUMMED)[number] | "sweeps", number>;

const NOTE = "alerts";
const SUMMED = [
  ...(["due", "interrupted", "failed", "damaged", "woken", "delayed", "deadLettered"] as const),
  ...(["pruned", "promoted", "deleted", "calls", "seconds"] as const),
] as const satisfies (keyof SweepSummary)[];

/** So often is it looked at again when other sweeps look at the same time. */
const TRIES = 5;
const CLAIM_MS = 60_000;
/** Of fewer operations a rate says little: one that fails in a quiet minute is no alert. */
const LEAST_OPERATIONS = 20;
/** The oldest are dropped: whoever does not hear for so long asks. */
const MOST_MESSAGES = 50;

/**
 * A sweep, and then a look at the alerts. A change of an alert is decided by one compare-and-set of a note in the store,
 * which also holds its message: of sweeps that overlap, one makes it, once. A message is told at least once, always
 * under the same `webhook-id`. A look that fails fails no sweep.
 */
export function watched(
  core: Core,
  sweep: () => Promise<SweepSummary>,
  options: AlertOptions,
): () => Promise<SweepSummary> {
  return async () => {
    const summary = await sweep();
    await lookAround(core, summary, options).catch(() => {});
    return summary;
  };
}

async function lookAround(core: Core, swept: SweepSummary, options: AlertOptions): Promise<void> {
  const totals = (await options.metrics?.totals().catch(() => null)) ?? null;
  const now = (options.now ?? Date.now)();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { version, value } = await readNote<AlertNote>(core, NOTE);
    const { note, claimed } = looked(value, swept, totals, options, now);
    if (!(await writeNote(core, NOTE, version, note))) continue;
    if (options.tell) await tellAll(core, claimed, options.tell, now);
    return;
  }
}

/** Pure: the note after a look, and the messages that whoever writes it is to tell. */
function looked(
  before: AlertNote | null,
  swept: SweepSummary,
  totals: MetricsTotals | null,
  { thresholds, tell }: AlertOptions,
  now: number,
): { note: AlertNote; claimed: Message[] } {
  const at = new Date(now).toISOString();
  const caughtUpAt = swept.more && before ? before.caughtUpAt : at;
  const from = before?.totals ?? null;
  const done = totals && from ? totals.operations - from.operations : 0;
  const isEnough = done < 0 || done >= LEAST_OPERATIONS;
  const values: Values = {
    ...ratesOf(isEnough ? from : null, totals),
    sweepLag: secondsSince(before?.caughtUpAt ?? at, now),
    interruptedPipelines: swept.interrupted,
    drillFailures: swept.drilled - swept.held,
  };
  const alerts: AlertNote["alerts"] = {};
  const changes: Message[] = [];
  for (const name of ALERT_NAMES) {
    const was = before?.alerts[name];
    const is = look(was, values[name], thresholds?.[name] ?? ALERT_THRESHOLDS[name], at);
    alerts[name] = is;
    const { firing, value, threshold } = is;
    if (firing !== (was?.firing ?? false))
      changes.push({ name, firing, at, value, threshold, tries: 0, notBefore: at });
  }
  const waiting = tell ? [...(before?.outbox ?? []), ...changes].slice(-MOST_MESSAGES) : [];
  const isDue = ({ notBefore }: Message) => Date.parse(notBefore) <= now;
  const until = new Date(now + CLAIM_MS).toISOString();
  const outbox = waiting.map((message) => (isDue(message) ? { ...message, notBefore: until } : message));
  const kept = from && !isEnough ? from : (totals ?? from);
  const sums = addUp(before?.swept, swept);
  return {
    note: { at, caughtUpAt, totals: kept, alerts, outbox, swept: sums },
    claimed: waiting.filter(isDue),
  };
}

/** What an earlier release wrote has none, or fewer. */
function addUp(before: Partial<Swept> | undefined, swept: SweepSummary): Swept {
  const sums = SUMMED.map((name) => [name, (before?.[name] ?? 0) + swept[name]] as const);
  return { ...(Object.fromEntries(sums) as Swept), sweeps: (before?.sweeps ?? 0) + 1 };
}

async function tellAll(
  core: Core,
  messages: readonly Message[],
  to: NonNullable<AlertOptions["tell"]>,
  now: number,
): Promise<void> {
  if (messages.length === 0) return;
  const after = new Map<string, Message | null>();
  for (const message of messages) {
    const left = await told(core, message, to, now);
    after.set(idOf(message), left);
    // A receiver who does not answer costs a sweep one deadline, not one a message.
    if (left) break;
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { version, value } = await readNote<AlertNote>(core, NOTE);
    if (!value) return;
    const outbox = value.outbox.flatMap((message) => {
      const settled = after.get(idOf(message));
      return settled === undefined ? [message] : settled === null ? [] : [settled];
    });
    if (await writeNote(core, NOTE, version, { ...value, outbox })) return;
  }
}

/** The message as it waits for its next try; null: it was delivered, or given up. */
async function told(
  { webhooks }: Core,
  message: Message,
  { url, secrets }: NonNullable<AlertOptions["tell"]>,
  now: number,
): Promise<Message | null> {
  const delivery = await tell(url, await alertMessage(message), secrets, webhooks.allow);
  if (delivery.delivered || delivery.final) return null;
  const tries = message.tries + 1;
  const { retryAfterSeconds = 0 } = delivery;
  const wait = nextAttempt(tries, { retryAfterSeconds });
  return wait === null ? null : { ...message, tries, notBefore: new Date(now + wait * 1000).toISOString() };
}

function idOf({ name, firing, at }: Message): string {
  return JSON.stringify(["alert", name, firing, at]);
}

async function alertMessage(message: Message): Promise<WakeMessage> {
  const { name, firing, at, value, threshold } = message;
  const type = firing ? "alert.firing" : "alert.resolved";
  const body = JSON.stringify({ type, timestamp: at, data: { name, value, threshold } });
  return { id: `msg_${(await sha256Hex(idOf(message))).slice(0, 32)}`, body };
}

export interface AlertsView {
  data: AlertView[];
  evaluatedAt: string | null;
  /** Messages that were not delivered yet. */
  untold: number;
}

/** The alerts as the last sweep left them, but for its own lag, which is told as it is now. */
export async function listAlerts(core: Core, now: number): Promise<AlertsView> {
  const { value: note } = await readNote<AlertNote>(core, NOTE);
  return { data: viewsOf(note, now), evaluatedAt: note?.at ?? null, untold: note?.outbox.length ?? 0 };
}

/** The alerts, and what sweeps have done; one call of the store. */
export async function operatorCounts(
  core: Core,
  now: number,
): Promise<{ alerts: AlertView[]; swept: Partial<Swept> }> {
  const { value: note } = await readNote<AlertNote>(core, NOTE);
  return { alerts: viewsOf(note, now), swept: note?.swept ?? {} };
}

function viewsOf(note: AlertNote | null, now: number): AlertView[] {
  return ALERT_NAMES.map((name): AlertView => {
    const { firing, ...standing } = note?.alerts[name] ?? NEVER(name);
    if (!note || name !== "sweepLag") return viewOf(name, firing, standing);
    const value = secondsSince(note.caughtUpAt, now);
    const late = firing || value > standing.threshold;
    return viewOf(name, late, {
      ...standing,
      value,
      since: late ? (standing.since ?? note.caughtUpAt) : null,
    });
  });
}

const NEVER = (name: AlertName) => ({
  firing: false,
  value: null,
  threshold: ALERT_THRESHOLDS[name],
  since: null,
});
