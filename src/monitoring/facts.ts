import { totalBytes } from "../model/chain.ts";
import type { FrameRef } from "../model/frame.ts";
import { framesOf, type Head } from "../model/head.ts";
import type { Status } from "../model/pipeline.ts";
import { everyCheckpoint } from "../state/checkpoints.ts";
import type { Core } from "../state/core.ts";

/** What the committed records say of a tenant's pipelines, exactly. */
export interface Facts {
  byStatus: Record<Status, number>;
  checkpoints: number;
  /** In the store, of all states and checkpoints that records name. */
  bytes: number;
  /** Of those that have a budget, together; and what these take. */
  budgetBytes: number;
  budgetedBytes: number;
  /** There is more than was looked at: counts and bytes are those of what was. */
  truncated: boolean;
}

/** What one look may take. */
export interface Look {
  /** @default 10000 */
  pipelines?: number;
  /** Pipelines with several checkpoints, each of which takes a call of the store or more. @default 500 */
  listings?: number;
}

const PAGE = 500;
const AT_ONCE = 16;

export async function factsOf(core: Core, tenant: string, look: Look = {}): Promise<Facts> {
  const { pipelines: most = 10_000, listings = 500 } = look;
  const { heads, truncated } = await headsOf(core, tenant, most);
  const each = await bytesTaken(core, heads, listings);
  const taken = heads.map((head, i) => ({ head, bytes: each[i]! }));
  const budgeted = taken.filter(({ head }) => head.policy.storageBudgetBytes !== undefined);
  return {
    byStatus: byStatus(heads),
    checkpoints: sum(heads.map((head) => head.checkpointCount)),
    bytes: sum(taken.map(({ bytes }) => bytes)),
    budgetBytes: sum(budgeted.map(({ head }) => head.policy.storageBudgetBytes!)),
    budgetedBytes: sum(budgeted.map(({ bytes }) => bytes)),
    truncated: truncated || heads.filter(hasSeveral).length > listings,
  };
}

/**
 * What each has in the store, with its checkpoints.
 *
 * @param listings of so many with several checkpoints, each of which takes a call of the store or more
 */
export async function bytesTaken(
  core: Core,
  heads: readonly Head[],
  listings = Number.POSITIVE_INFINITY,
): Promise<number[]> {
  const looked = heads.filter(hasSeveral).slice(0, listings);
  const frames = new Map<Head, FrameRef[]>();
  for (let from = 0; from < looked.length; from += AT_ONCE) {
    const some = looked.slice(from, from + AT_ONCE);
    await Promise.all(some.map(async (head) => frames.set(head, await checkpointFrames(core, head))));
  }
  return heads.map((head) => bytesOf(head, frames.get(head) ?? []));
}

/** The head names its last checkpoint itself. */
function hasSeveral({ checkpointCount }: Head): boolean {
  return checkpointCount > 1;
}

async function headsOf(core: Core, tenant: string, most: number) {
  const heads: Head[] = [];
  let cursor: string | null | undefined;
  do {
    const limit = Math.min(PAGE, most - heads.length);
    const page = await core.backend.pipelines(tenant, {}, { limit, ...(cursor ? { cursor } : {}) });
    heads.push(...page.data);
    cursor = page.cursor;
  } while (cursor !== null && heads.length < most);
  return { heads, truncated: cursor !== null };
}

async function checkpointFrames(core: Core, head: Head): Promise<FrameRef[]> {
  const frames: FrameRef[] = [];
  for await (const record of everyCheckpoint(core, head, PAGE)) frames.push(record.frame);
  return frames;
}

function bytesOf(head: Head, frames: readonly FrameRef[]): number {
  return totalBytes([...framesOf(head), ...frames]);
}

function byStatus(heads: readonly Head[]): Record<Status, number> {
  const counts = { running: 0, interrupted: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const { status } of heads) counts[status]++;
  return counts;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
