import type { Effects } from "../backends/types.ts";
import type { Head } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { maybePrune } from "../model/maybe-prune.ts";
import { sendOwn } from "./commit.ts";
import type { Core } from "./core.ts";

/** After so long, parts that were not made a state are left over: twice what stores keep them at least. */
const UPLOAD_SECONDS = 7200;

/** A look that is due by then need not come earlier: clocks differ. */
const SOON_MS = 60_000;

/** Has the sweep look at a pipeline for what is left of an upload. Whether that lands matters little. */
export async function remindOfUpload(core: Core, key: PipelineKey, head: Head): Promise<void> {
  const at = new Date(Date.now() + UPLOAD_SECONDS * 1000).toISOString();
  if (head.deleted || head.lookAt !== null) return;
  await lookAt(core, key, head, at);
}

/**
 * Has the sweep look at a pipeline that has just got one checkpoint too many: once, for it says so in the head. That
 * is one commit in a hundred saves. Whether it lands matters little: the next checkpoint says so again.
 */
export async function remindOfPruning(core: Core, key: PipelineKey, head: Head): Promise<void> {
  const now = Date.now();
  if (head.status !== "running" || !maybePrune(head, now)) return;
  // A later look, for what is left of an upload, does not put this one off.
  if (head.lookAt !== null && Date.parse(head.lookAt) <= now + SOON_MS) return;
  await lookAt(core, key, head, new Date(now).toISOString());
}

/** A state that nobody decides about is looked at by the sweep after so long. */
const LOOK_SECONDS = 60;

/** Whether the sweep decides about the states of a pipeline that does not ask itself. */
export function isWatched({ policy, status }: Pick<Head, "policy" | "status">): boolean {
  const { strategy } = policy;
  return status === "running" && (strategy === "adaptive" || strategy === "time" || strategy === "always");
}

/**
 * With a save that is no checkpoint, and of a pipeline whose policy is to be applied: that the sweep is to look at it,
 * unless it does already. So that it costs something once in many saves.
 */
export function wantsLook(head: Head | null, now: number): Pick<Effects, "lookAt"> {
  if (!head || head.lookAt !== null || !isWatched(head)) return {};
  return { lookAt: new Date(now + LOOK_SECONDS * 1000).toISOString() };
}

async function lookAt(core: Core, key: PipelineKey, { revision, fence }: Head, at: string): Promise<void> {
  await sendOwn(core, key, { revision, fence }, { lookAt: at }).catch(() => null);
}
