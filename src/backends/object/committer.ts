import { chainOf } from "../../model/chain.ts";
import { CairnError, OutcomeUnknown } from "../../model/errors.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { outcomeOf, type Verdict } from "../apply.ts";
import type { Commit, CommitOutcome, StagedFrame } from "../types.ts";
import { report } from "../unreadable.ts";
import { isCollected } from "./barred.ts";
import type { Upgrades } from "./container.ts";
import { applyToDraft, type Draft, openDraft, wantsSegments } from "./draft.ts";
import { stagedFrames } from "./frames.ts";
import { deleteGarbage } from "./garbage.ts";
import type { HeadRecords } from "./head-records.ts";
import { chainPrefix, dueKey, frameKey, headKey } from "./keys.ts";
import { markerFor } from "./markers.ts";
import { type Opened, readHead, readSegment } from "./record.ts";
import { sealDraft } from "./seal-draft.ts";
import { type ObjectStore, type PutCondition, type PutResult, Throttled } from "./store.ts";

export interface CommitterOptions {
  store: ObjectStore;
  upgrades: Upgrades;
  slackSeconds: number;
  now: () => number;
  /** Heads as this process wrote or read them last. */
  cache: HeadRecords;
}

const TRIES = 32;
/** Deletes are gathered: one call for this many. */
const GARBAGE = 16;

/**
 * Applies a batch of commits to one pipeline by one conditional put of its head. Frames, segments and due
 * markers are put before it, so that a crash between any two calls leaves the old head or the new one, and
 * everything that either names.
 *
 * @throws OutcomeUnknown when the put of the head may have landed
 */
export async function commitBatch(
  options: CommitterOptions,
  key: PipelineKey,
  commits: readonly Commit[],
): Promise<CommitOutcome[]> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const cached = attempt === 0 ? options.cache.get(key) : null;
    const opened = cached ?? (await readHead(options.store, key, options.upgrades));
    const draft = openDraft(key, opened);
    const verdicts = await applyAll(options, draft, opened.etag, commits);
    if (verdicts === "moved") continue;
    const changes = verdicts.some((verdict) => verdict.kind === "applied");
    if (changes) {
      if (await writeDraft(options, draft, opened)) return verdicts.map(outcomeOf);
    } else if (!cached) return verdicts.map(outcomeOf);
    // A refusal by a remembered head is none: only what was read just now, or is confirmed by a put, decides.
    options.cache.forget(key);
    if (!cached) await pause(attempt);
  }
  const detail = "Too many writers at once on this pipeline.";
  throw new CairnError("backend_unavailable", detail, { retryAfterSeconds: 1 });
}

async function applyAll(
  options: CommitterOptions,
  draft: Draft,
  etag: string | null,
  commits: readonly Commit[],
): Promise<Verdict[] | "moved"> {
  const verdicts: Verdict[] = [];
  for (const commit of commits) {
    if (wantsSegments(draft, commit) && !(await readSegments(options, draft, etag))) return "moved";
    await findStaged(options.store, draft, commit);
    verdicts.push(applyToDraft(draft, commit, options.now(), options.slackSeconds));
  }
  return verdicts;
}

/** False when some are gone because the head has moved on. Those that are lost are left out. */
async function readSegments(
  { store, upgrades }: CommitterOptions,
  draft: Draft,
  etag: string | null,
): Promise<boolean> {
  const refs = draft.record!.segments;
  const segments = await Promise.all(refs.map(({ name }) => readSegment(store, draft.key, name, upgrades)));
  draft.segments = segments.filter((segment) => segment !== null);
  const gone = refs.length - draft.segments.length;
  if (gone > 0 && (await readHead(store, draft.key, upgrades)).etag !== etag) return false;
  if (gone > 0) report("lost_segments", draft.key, { gone });
  return true;
}

/** A chain that is garbage is about to be deleted, whatever was staged in it since. */
async function findStaged(store: ObjectStore, draft: Draft, { effects }: Commit): Promise<void> {
  const { staged = [], frame } = effects.state ?? {};
  if (staged.length === 0) return;
  const chain = chainOf(frame!.ref);
  if (draft.record?.garbage.includes(chainPrefix(draft.key, chain))) return;
  const found = await stagedFrames(store, draft.key, chain);
  for (const id of found) if (!isCollected(draft.record, { frameId: id })) draft.staged.add(id);
}

/** Whether the head was still the one that was opened, and is now the new one. */
async function writeDraft(options: CommitterOptions, draft: Draft, opened: Opened): Promise<boolean> {
  const { store, cache } = options;
  const { key } = draft;
  const old = opened.record?.garbage ?? [];
  const purge = old.length >= GARBAGE ? old : [];
  if (purge.length > 0) {
    const gone = new Set(purge);
    draft.record = { ...draft.record!, garbage: draft.record!.garbage.filter((name) => !gone.has(name)) };
  }
  const { bytes, size } = await sealDraft(draft);
  const marker = markerFor(opened.record?.head ?? null, draft.record!.head, options.slackSeconds);
  await Promise.all([
    ...[...draft.puts].map(([name, content]) => putPatiently(store, name, content)),
    ...(marker ? [putPatiently(store, dueKey(marker), new Uint8Array())] : []),
    // Nothing durable names these since the head that was opened.
    deleteGarbage(store, key, purge),
  ]).catch((cause: unknown) => {
    throw unavailable(cause);
  });
  const condition: PutCondition = opened.etag === null ? "absent" : { ifMatch: opened.etag };
  const put = await putHead(store, key, bytes, condition);
  if (put === null) return false;
  const { record, frames } = draft;
  cache.put(key, { etag: put.etag, record, frames }, size, put.at);
  if (record!.head.deleted) await deleteGarbage(store, key, record!.garbage).catch(() => {});
  return true;
}

/** @throws OutcomeUnknown when it may have landed */
export async function putHead(
  store: ObjectStore,
  key: PipelineKey,
  bytes: Uint8Array,
  condition: PutCondition,
): Promise<PutResult> {
  try {
    return await putPatiently(store, headKey(key), bytes, condition);
  } catch (cause) {
    if (cause instanceof Throttled || cause instanceof CairnError) throw unavailable(cause);
    throw new OutcomeUnknown("The put of the head may have landed.", { cause });
  }
}

/** Puts staged frames; whether they are wanted, a commit will say. */
export async function putFrames(
  store: ObjectStore,
  key: PipelineKey,
  frames: readonly StagedFrame[],
): Promise<void> {
  await Promise.all(frames.map(({ frameId, bytes }) => putPatiently(store, frameKey(key, frameId), bytes)));
}

/** A throttled put was not done: it is sent again. Any other failure is not ours to repeat. */
async function putPatiently(
  store: ObjectStore,
  name: string,
  bytes: Uint8Array,
  condition?: PutCondition,
): Promise<PutResult> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await store.put(name, bytes, condition);
    } catch (error) {
      if (!(error instanceof Throttled) || attempt === 7) throw error;
      await pause(attempt + 5);
    }
  }
}

/** Exponential backoff with full jitter, at most 1.3 s. */
export function pause(attempt: number): Promise<void> {
  const limit = Math.min(1300, 10 * 2 ** Math.min(attempt, 8));
  return new Promise((resolve) => setTimeout(resolve, Math.random() * limit));
}

export function unavailable(cause: unknown): CairnError {
  if (cause instanceof CairnError) return cause;
  return new CairnError("backend_unavailable", "The object store did not answer.", {
    retryAfterSeconds: 2,
    cause,
  });
}
