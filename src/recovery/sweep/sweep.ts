import { dueAt } from "../../backends/due-at.ts";
import type { Due, Effects } from "../../backends/types.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { sendOwn } from "../../state/commit.ts";
import { type Core, loadHead, unlimited, withBackend } from "../../state/core.ts";
import { learnDeath } from "../../state/learning.ts";
import { isWatched } from "../../state/remind.ts";
import { type Drilled, type DrillOptions, drill } from "../drill/drill.ts";
import type { Delivery } from "../wake/delivery.ts";
import type { Interruption } from "../wake/message.ts";
import { type Beside, beside } from "./beside.ts";
import { type Budget, type Meter, meter } from "./budget.ts";
import { failure, interruption } from "./interrupt.ts";
import { isKept, type Plan, planFor } from "./plan.ts";
import { promotion } from "./promote.ts";
import { findDamage } from "./validate.ts";
import { afterTry, interruptionOf } from "./wake.ts";

export interface SweepSummary {
  /** Pipelines that the store said were due. */
  due: number;
  /** Of these, how many this sweep interrupted; others moved on, or another sweep had them. */
  interrupted: number;
  /** Ended, for they were resumed again and again and never got on. */
  failed: number;
  /** Interrupted with a state that does not verify: what is damaged was quarantined. */
  damaged: number;
  /** Messages to owners: delivered, to be tried again, and given up. */
  woken: number;
  delayed: number;
  deadLettered: number;
  pruned: number;
  /** States that became checkpoints, for their pipelines only save them. */
  promoted: number;
  deleted: number;
  /** Checkpoints read back by the restore drill, and of these those that were whole. */
  drilled: number;
  held: number;
  /** The budget ended before what was due. */
  more: boolean;
  /** Of the store. */
  calls: number;
  seconds: number;
}

export interface SweepOptions extends Budget {
  /** Tells an owner; without it nobody is told, and messages wait. */
  wake?: (url: string, interruption: Interruption) => Promise<Delivery>;
  /** Applies retention. */
  prune?: { wanted(head: Head): boolean; run(core: Core, key: PipelineKey): Promise<unknown> };
  /** What nobody came to name is collected after so many seconds. @default 7200, twice what staged parts are kept */
  collectAfterSeconds?: number;
  /** Reads back checkpoints when all that was due is done; without it none are. */
  drill?: DrillOptions;
  /** Epoch milliseconds. @default Date.now */
  now?: () => number;
}

const COLLECT_AFTER_SECONDS = 7200;
const AT_ONCE = 16;
const PAGE = 64;
/** What one pipeline takes at most, but for pruning, which is bounded itself. */
const CALLS_EACH = 4;

/**
 * One run of the scheduled function, in bounded time and calls. It may run late, twice, overlapping, be cut off
 * anywhere, or not at all: every change is one commit bound to the revision that was found, and what was not done is
 * due again in a minute.
 */
export async function sweep(core: Core, options: SweepOptions = {}): Promise<SweepSummary> {
  const now = options.now ?? Date.now;
  const started = now();
  const metered = meter(core.backend, options, now);
  // Owners who do not answer must not hold up the pipelines of others: a message that is not sent is due again.
  const telling = beside(AT_ONCE, () => metered.left() > 0);
  const run: Run = { core: unlimited(withBackend(core, metered.backend)), options, now, metered, telling };
  const done: Done[][] = [];
  let more = false;
  for (;;) {
    const spoken = 1 + telling.waiting + core.tally.size;
    const page = Math.min(PAGE, Math.floor((metered.left() - spoken) / CALLS_EACH));
    more = page < 1;
    if (more) break;
    const due = await metered.backend.due(page);
    const handled = await handleAll(run, due);
    done.push(...handled);
    more = handled.length < due.length;
    if (more || due.length < page) break;
  }
  await telling.ended();
  const drilled = await readSome(run, more);
  await core.tally.flush(metered.backend);
  return { ...summary(done), ...drilled, more, calls: metered.calls, seconds: (now() - started) / 1000 };
}

/** What is due comes first, and a drill that fails keeps nobody from anything. */
async function readSome({ core, options, now, metered }: Run, more: boolean): Promise<Drilled> {
  const none = { drilled: 0, held: 0 };
  if (!options.drill || more) return none;
  return drill(core, metered, options.drill, now).catch(() => none);
}

interface Run {
  core: Core;
  options: SweepOptions;
  now: () => number;
  metered: Meter;
  telling: Beside;
}

/** What was done about one pipeline: a plan, and what became of its message. */
type Done = Plan["do"] | "damaged" | "woken" | "delayed" | "deadLettered" | "promoted";

function summary(done: readonly Done[][]) {
  const count = (what: Done) => done.filter((each) => each.includes(what)).length;
  return {
    due: done.length,
    interrupted: count("interrupt"),
    failed: count("fail"),
    damaged: count("damaged"),
    woken: count("woken"),
    delayed: count("delayed"),
    deadLettered: count("deadLettered"),
    pruned: count("prune"),
    promoted: count("promoted"),
    deleted: count("delete"),
  };
}

/** As many as the budget allows. One that fails does not keep the others: it is due again. */
async function handleAll(run: Run, due: readonly Due[]): Promise<Done[][]> {
  const done: Done[][] = [];
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const some = due.slice(from, from + AT_ONCE);
    if (run.metered.left() === 0) break;
    done.push(...(await Promise.all(some.map((each) => handle(run, each).catch((): Done[] => ["wait"])))));
  }
  return done;
}

async function handle(run: Run, { key, head }: Due): Promise<Done[]> {
  const { core, options, now } = run;
  const { clockSlackSeconds } = core.backend.capabilities;
  // The store listed it, so its time has come there, and no other time is known to have: this clock may be fast.
  const time = dueAt(head, clockSlackSeconds) ?? 0;
  const plan = planFor(head, time, clockSlackSeconds, options.prune?.wanted(head) === true);
  switch (plan.do) {
    case "interrupt": {
      const interrupted = await settle(
        run,
        key,
        head,
        interruption(head, plan.why, new Date(now()).toISOString()),
        true,
      );
      if (!interrupted) return ["wait"];
      learnDeath(core, key, head);
      const { head: next, done } = await validate(run, key, interrupted);
      return tell(run, key, next, ["interrupt", ...done]);
    }
    case "fail":
      return [(await settle(run, key, head, failure(head), true)) ? "fail" : "wait"];
    case "wake":
      return tell(run, key, head, []);
    case "prune":
      // First: whatever comes of it, the pipeline does not come up again for this.
      if (!(await settle(run, key, head, { lookAt: null }))) return ["wait"];
      await options.prune!.run(core, key);
      await collect(run, key);
      return ["prune"];
    case "evaluate":
      return evaluateState(run, key, head);
    case "delete":
      return [(await settle(run, key, head, { remove: true })) ? "delete" : "wait"];
    case "settle":
      if (await settle(run, key, head, { lookAt: null })) await collect(run, key);
      return ["settle"];
    case "wait":
      return ["wait"];
  }
}

/** How often one that saves all the time is tried: it is the state of some moment that is to be kept. */
const TRIES = 2;

async function evaluateState(run: Run, key: PipelineKey, found: Head): Promise<Done[]> {
  let head: Head | null = found;
  for (let tries = 0; tries < TRIES && head && isWatched(head) && !isKept(head); tries++) {
    const effects = await promotion(run.core, key, head, run.now());
    if (await settle(run, key, head, effects)) return effects.checkpoint ? ["promoted"] : ["evaluate"];
    head = await loadHead(run.core, key);
  }
  return ["wait"];
}

/** What is damaged is quarantined before anybody is told to go on from it. */
async function validate(run: Run, key: PipelineKey, head: Head): Promise<{ head: Head; done: Done[] }> {
  const damage = await findDamage(run.core, key, head);
  if (!damage) return { head, done: [] };
  const recorded = await settle(run, key, damage.head, damage.effects);
  return { head: recorded ?? damage.head, done: ["damaged"] };
}

/** What writers left who lost or died, and parts that were never made a state. */
function collect({ core, options }: Run, key: PipelineKey): Promise<number> {
  return core.backend.collect(key, options.collectAfterSeconds ?? COLLECT_AFTER_SECONDS);
}

/** @returns what is done; what becomes of the message is added when it is known */
function tell(run: Run, key: PipelineKey, head: Head, done: Done[]): Done[] {
  if (!head.care.wake) return done;
  // Half of what is left is for those that nobody has looked at yet.
  if (run.telling.waiting >= run.metered.left() / 2) return [...done, "delayed"];
  run.telling.add(async () => {
    done.push(await wake(run, key, head).catch((): Done => "wait"));
  });
  return done;
}

async function wake(run: Run, key: PipelineKey, head: Head): Promise<Done> {
  const { options, now } = run;
  const { webhookUrl } = head.recovery;
  const message = head.care.wake!;
  if (webhookUrl === undefined)
    await settle(run, key, head, { care: { ...head.care, wake: null }, lookAt: null });
  if (!options.wake || webhookUrl === undefined) return "delayed";
  const delivery = await options.wake(webhookUrl, interruptionOf(head, message));
  const settled = await settle(run, key, head, afterTry(head, message, delivery, now()));
  if (delivery.delivered) return "woken";
  return settled?.care.wake?.state === "dead" ? "deadLettered" : "delayed";
}

/** The head after the commit; null when the pipeline has moved on. */
function settle(
  { core }: Run,
  key: PipelineKey,
  { revision, fence }: Head,
  effects: Effects,
  force = false,
): Promise<Head | null> {
  return sendOwn(core, key, { revision, ...(force ? { force: true } : { fence }) }, effects);
}
