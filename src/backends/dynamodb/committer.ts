import { bytesIn } from "../../model/bytes.ts";
import { CairnError, OutcomeUnknown } from "../../model/errors.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { outcomeOf, type Verdict } from "../apply.ts";
import type { HeadRecords } from "../object/head-records.ts";
import type { Commit, CommitOutcome } from "../types.ts";
import { applyToDraft, type Draft, openDraft, wantsRows } from "./draft.ts";
import { dueChange } from "./due-change.ts";
import { pause } from "./errors.ts";
import { largeRows, putLarge, type Shelves, stamped } from "./frames.ts";
import { deleteGarbage } from "./garbage.ts";
import { headAttributes, type Item, openItem } from "./item.ts";
import { headKey } from "./keys.ts";
import { purgeDeleted } from "./purge.ts";
import { type HeadRecord, NOTHING, type Opened } from "./record.ts";
import { type Rows, rowCheckpoints } from "./rows.ts";
import { spill } from "./seal.ts";
import { stagedThere } from "./staged.ts";
import type { Change } from "./table.ts";

export interface Store extends Shelves, Rows {
  slackSeconds: number;
  /** Epoch milliseconds. */
  now: () => number;
  /** Heads as this process wrote them last. */
  cache: HeadRecords<Opened>;
}

const TRIES = 32;
/** Deletes are gathered: one call for this many. */
const GARBAGE = 16;

/** The head as it is now. */
export async function readHead({ table, upgrades }: Store, key: PipelineKey): Promise<Opened> {
  const item = await table.get(headKey(key));
  return item ? openItem(item, key, upgrades) : NOTHING;
}

/**
 * Applies a batch of commits to one pipeline by one conditional update of its item. Rows and large frames are
 * written before it; no head names them yet, so that a crash between any two calls leaves the old head or the
 * new one, and everything that either names.
 *
 * @throws OutcomeUnknown when the update may have landed
 */
export async function commitBatch(
  store: Store,
  key: PipelineKey,
  commits: readonly Commit[],
): Promise<CommitOutcome[]> {
  let known: Opened | null = store.cache.get(key);
  // A refusal by a remembered head is none: only what was read just now, or is confirmed by an update, decides.
  let fresh = false;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (!known) fresh = true;
    const opened: Opened = known ?? (await readHead(store, key));
    known = null;
    // After the head: what is deleted with a chain or a tombstone is deleted before the head says so no more.
    const staged = await stagedThere(store, key, commits);
    const draft = openDraft(key, opened, store, staged);
    const verdicts = await applyAll(store, draft, commits);
    if (verdicts?.some((verdict) => verdict.kind === "applied")) {
      const written = await writeDraft(store, draft);
      if (written.ok) return verdicts.map(outcomeOf);
      if (written.item) known = openItem(written.item, key, store.upgrades);
      fresh = known !== null;
    } else if (verdicts && fresh) return verdicts.map(outcomeOf);
    store.cache.forget(key);
    if (attempt > 0) await pause(attempt);
  }
  const detail = "Too many writers at once on this pipeline.";
  throw new CairnError("backend_unavailable", detail, { retryAfterSeconds: 1 });
}

/** `null` when the head has moved on meanwhile. */
async function applyAll(store: Store, draft: Draft, commits: readonly Commit[]): Promise<Verdict[] | null> {
  const verdicts: Verdict[] = [];
  for (const commit of commits) {
    if (wantsRows(draft, commit)) {
      draft.older = await rowCheckpoints(store, draft.key, draft.record!);
      if (!draft.older) return null;
    }
    verdicts.push(applyToDraft(draft, commit, store.now(), store.slackSeconds));
  }
  return verdicts;
}

/** Whether the head was still the one that was opened, and is now the new one; else the item it is, if told. */
async function writeDraft(store: Store, draft: Draft): Promise<{ ok: boolean; item: Item | undefined }> {
  const { table, cache } = store;
  const { key, opened, large } = draft;
  const garbage = oldGarbage(opened);
  const rows = largeRows(store, key, large);
  rows.push(...spill(draft, rows.length > 0));
  const [purged] = await Promise.all([
    // Nothing names these since the head that was opened.
    deletedAll(store, key, garbage, opened.record?.head ?? null),
    table.write(stamped(rows, store.now()), []),
    putLarge(store, key, large),
  ]);
  const record = purged ? withoutGarbage(draft.record!, garbage) : draft.record!;
  const attributes = headAttributes(record, draft.frames);
  const { ok, item, at } = await table.change({
    key: headKey(key),
    set: { ...attributes, ...dueOf(store, opened, record) },
    ...unchanged(opened),
  });
  if (!ok) return { ok, item };
  const left = withoutGarbage(record, await sweep(store, draft, record));
  const bytes = attributes.head.B.length + bytesIn(draft.frames.values());
  cache.put(key, { revision: record.head.revision, record: left, frames: draft.frames }, bytes, at);
  return { ok, item };
}

/** Holds while the head is the one that was opened. */
export function unchanged({ revision }: Pick<Opened, "revision">): Pick<Change, "condition" | "values"> {
  if (revision === null) return { condition: "attribute_not_exists(#pk)" };
  return { condition: "#revision = :seen", values: { ":seen": { N: String(revision) } } };
}

/** Twice the slack: a sweep whose clock is fast by as much may have claimed what is due by then. */
function dueOf({ now, slackSeconds }: Store, opened: Opened, { head }: HeadRecord): Change["set"] {
  return dueChange(opened.record?.head ?? null, head, now() + 2 * slackSeconds * 1000, slackSeconds);
}

/** What to delete now: when there is enough of it to be worth a call, or its pipeline starts anew. */
function oldGarbage({ record }: Opened): readonly string[] {
  if (!record) return [];
  return record.garbage.length >= GARBAGE || record.head.deleted ? record.garbage : [];
}

function withoutGarbage(record: HeadRecord, names: readonly string[]): HeadRecord {
  const gone = new Set(names);
  return { ...record, garbage: record.garbage.filter((name) => !gone.has(name)) };
}

/**
 * Deletes at once what someone wants gone: all garbage when checkpoints are dropped or the pipeline is deleted. What
 * merely grew old can wait. Resolves with what is gone.
 */
async function sweep(store: Store, { key, drops }: Draft, { head, garbage }: HeadRecord): Promise<string[]> {
  const now = drops || head.deleted ? garbage : [];
  return (await deletedAll(store, key, now, head)) ? now : [];
}

/** Whether the garbage is gone, with what is left of a deleted pipeline; else a later commit tries again. */
async function deletedAll(
  store: Store,
  key: PipelineKey,
  garbage: readonly string[],
  head: Head | null,
): Promise<boolean> {
  const left = head?.deleted ? purgeDeleted(store, key, head) : undefined;
  return Promise.all([deleteGarbage(store, key, garbage), left]).then(
    () => true,
    () => false,
  );
}

/**
 * As `commitBatch`; a batch that does not fit into one item is committed in two halves. A deletion ends a batch: who
 * starts the pipeline anew finds its tombstone, and that all that is older has to go.
 *
 * @throws OutcomeUnknown when part of the batch has landed
 */
export async function commitInParts(
  store: Store,
  key: PipelineKey,
  commits: readonly Commit[],
): Promise<CommitOutcome[]> {
  const removal = commits.slice(0, -1).findIndex(({ effects }) => effects.remove);
  if (removal >= 0) return commitInTwo(store, key, commits, removal + 1);
  try {
    return await commitBatch(store, key, commits);
  } catch (error) {
    const tooLarge = error instanceof CairnError && error.code === "too_large";
    if (!tooLarge || commits.length === 1) throw error;
  }
  return commitInTwo(store, key, commits, commits.length >> 1);
}

async function commitInTwo(
  store: Store,
  key: PipelineKey,
  commits: readonly Commit[],
  at: number,
): Promise<CommitOutcome[]> {
  const first = await commitInParts(store, key, commits.slice(0, at));
  try {
    return [...first, ...(await commitInParts(store, key, commits.slice(at)))];
  } catch (cause) {
    throw new OutcomeUnknown("Part of the batch has landed.", { cause });
  }
}
