import type { Head } from "../model/head.ts";
import { newWriteId, type PipelineKey } from "../model/ids.ts";
import { maybePrune } from "../model/maybe-prune.ts";
import { send } from "./commit.ts";
import type { Core } from "./core.ts";

/**
 * Has the sweep look at a pipeline that has just got one checkpoint too many: once, for it says so in the head. That
 * is one commit in a hundred saves. Whether it lands matters little: the next checkpoint says so again.
 */
export async function remindOfPruning(core: Core, key: PipelineKey, head: Head): Promise<void> {
  const now = Date.now();
  if (head.lookAt !== null || head.status !== "running" || !maybePrune(head, now)) return;
  const expect = { create: "never" as const, revision: head.revision, fence: head.fence };
  const effects = { lookAt: new Date(now).toISOString() };
  await send(core, { key, writeId: newWriteId(), digest: "0".repeat(64), expect, effects }).catch(() => null);
}
