import { encodeDelta } from "../../frames/delta/encode.ts";
import { deltaFrame } from "../../frames/delta-frame.ts";
import { sha256Hex } from "../../frames/digest.ts";
import { type decodeFrame, encodeFrame } from "../../frames/frame.ts";
import type { Link } from "../../model/chain.ts";
import type { Head } from "../../model/head.ts";
import { newCheckpointId, newWriteId, type PipelineKey } from "../../model/ids.ts";
import type { Commit, CommitOutcome, Effects, Expectation, Page, StorageBackend } from "../types.ts";

/** The few matchers that the checks need: vitest, jest and a wrapper over node:assert have them. */
export type Expect = (
  actual: unknown,
  message?: string,
) => { toBe(expected: unknown): void; toEqual(expected: unknown): void };

/** A store under test, and what the test can do to it from outside. */
export interface Subject {
  backend: StorageBackend;
  cleanup?(): Promise<void>;
  /** An independent client of the same store, as another process would open it. */
  reopen?(): Promise<StorageBackend>;
  /** Damages the stored bytes of a frame behind the backend's back. */
  damage?(key: PipelineKey, frame: Link, how: "flip" | "truncate" | "delete"): Promise<void>;
  /** False where two callers at once may be given one pipeline: the revision decides who settles it. */
  exclusiveClaims?: boolean;
  /** Moves the store's clock; without it the checks wait in real time. */
  advance?(seconds: number): Promise<void>;
}

export interface Context extends Subject {
  expect: Expect;
  /** Nothing else uses it, even when the store is shared. */
  tenant: string;
  decode: typeof decodeFrame;
}

/** One property of a store; it throws when the store does not have it. */
export interface Check {
  name: string;
  run(context: Context): Promise<void>;
}

const utf8 = new TextEncoder();

export function bytesOf(text: string): Uint8Array {
  return utf8.encode(text);
}

/** Bytes that do not compress; the same for the same seed (xorshift32). */
export function noise(length: number, seed = 1): Uint8Array {
  let x = seed | 1;
  return Uint8Array.from({ length }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x & 0xff;
  });
}

export function uniqueTenant(): string {
  return `t${newWriteId().replaceAll("-", "")}`;
}

export interface Options {
  writeId?: string;
  digest?: string;
  expect?: Partial<Expectation>;
  effects?: Effects;
}

/** A commit of effects that carry no frame. By default it makes no pipeline. */
export function change(key: PipelineKey, effects: Effects, options: Options = {}): Commit {
  const { writeId = newWriteId(), digest = "0".repeat(64), expect } = options;
  return { key, writeId, digest, expect: { create: "never", ...expect }, effects };
}

/** A commit that saves `content` over `version`, and makes the pipeline where there is none. */
export async function saving(
  key: PipelineKey,
  version: number,
  content: Uint8Array | string,
  options: Options = {},
): Promise<Commit> {
  const writeId = options.writeId ?? newWriteId();
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  const { contentSha256: sha256, ...frame } = await encodeFrame(key, version + 1, writeId, bytes);
  const facts = { contentType: "text/plain", bytes: bytes.length, sha256 };
  const state = { ...facts, verified: true, restoredFrom: null, frame };
  const expect = { create: "allowed" as const, version, ...options.expect };
  return change(key, { state, ...options.effects }, { ...options, writeId, expect });
}

/** As `saving`, as a delta upon the state of `head`. It is conditioned on that very frame. */
export async function extending(
  key: PipelineKey,
  { state }: Head,
  before: Uint8Array | string,
  content: Uint8Array | string,
  options: Options = {},
): Promise<Commit> {
  const writeId = options.writeId ?? newWriteId();
  const [old, next] = [before, content].map((each) => (typeof each === "string" ? bytesOf(each) : each));
  const sha256 = await sha256Hex(next!);
  const delta = encodeDelta(old!, next!);
  const target = { sha256, bytes: next!.length };
  const frame = await deltaFrame(key, state!, writeId, delta, target, {});
  const facts = { contentType: "text/plain", bytes: next!.length, sha256 };
  const effects = { state: { ...facts, verified: true, restoredFrom: null, frame }, ...options.effects };
  const base = state!.frame.frameId;
  const expect = { version: state!.version, base, ...options.expect };
  return change(key, effects, { ...options, writeId, expect });
}

/** A draft of a checkpoint of the state. */
export function snapshot(label: string | null = null, checkpointId = newCheckpointId()) {
  return { checkpointId, label, metadata: null, reason: null };
}

/** A draft of a checkpoint of data given with the call, at `version`. */
export async function dataCheckpoint(key: PipelineKey, version: number, content: Uint8Array | string) {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  const encoded = await encodeFrame(key, version, newWriteId(), bytes);
  const { contentSha256: sha256, ...frame } = encoded;
  return { ...snapshot(), data: { contentType: "text/plain", bytes: bytes.length, sha256, frame } };
}

export async function outcomeOf(backend: StorageBackend, commit: Commit): Promise<CommitOutcome> {
  const outcomes = await backend.commit([commit]);
  if (outcomes.length !== 1) throw new Error(`one commit, ${outcomes.length} outcomes`);
  return outcomes[0]!;
}

export type Applied = Extract<CommitOutcome, { ok: true }>;

/** Sends a commit that must be applied, or replayed. */
export async function apply(t: Context, commit: Commit, backend = t.backend): Promise<Applied> {
  const outcome = await outcomeOf(backend, commit);
  if (!outcome.ok) throw new Error(`the commit was refused: ${outcome.refusal}`);
  return outcome;
}

/** Sends a commit that must be refused for this reason, and must change nothing. */
export async function refuse(t: Context, commit: Commit, refusal: string): Promise<Head | null> {
  const before = await t.backend.load(commit.key, { frames: true });
  const outcome = await outcomeOf(t.backend, commit);
  t.expect(outcome.ok ? "applied" : outcome.refusal, "the refusal").toBe(refusal);
  const after = await t.backend.load(commit.key, { frames: true });
  t.expect(after, "what a refused commit leaves").toEqual(before);
  t.expect(outcome.head, "the head that comes with a refusal").toEqual(before?.head ?? null);
  return outcome.head;
}

/** The head of a pipeline that must be there. */
export async function headOf(backend: StorageBackend, key: PipelineKey): Promise<Head> {
  const loaded = await backend.load(key);
  if (!loaded) throw new Error("there is no head");
  return loaded.head;
}

/** The content of the current state, decoded and checked; an Error's message when it is damaged. */
export async function contentOf(t: Context, key: PipelineKey, backend = t.backend): Promise<string> {
  const loaded = await backend.load(key, { frames: true });
  if (!loaded?.head.state) throw new Error("there is no state");
  const decoded = await t.decode(key, loaded.head.state, loaded.frames);
  if (!decoded.ok) throw new Error(decoded.problem);
  return new TextDecoder().decode(decoded.content);
}

/** A pipeline with `versions` saved, of content `v1`, `v2`… */
export async function saved(t: Context, pipelineId: string, versions = 1): Promise<PipelineKey> {
  const key = { tenant: t.tenant, pipelineId };
  for (let version = 0; version < versions; version++)
    await apply(t, await saving(key, version, `v${version + 1}`));
  return key;
}

/** Takes the lease. Returns its fence. */
export async function take(t: Context, key: PipelineKey, owner = "one", ttlSeconds = 60): Promise<number> {
  const { result } = await apply(t, change(key, { lease: { take: { owner, ttlSeconds } } }));
  return result.fence;
}

/** Lets that many seconds pass on the store's clock, and a little more. */
export async function pass(t: Context, seconds: number): Promise<void> {
  if (t.advance) return t.advance(seconds + 0.1);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 100));
}

/** Lets a lease of that many seconds run out, for others as well. */
export function expire(t: Context, ttlSeconds: number): Promise<void> {
  return pass(t, ttlSeconds + t.backend.capabilities.clockSlackSeconds);
}

/** All of a list, page by page; `between` runs after each page but the last. */
export async function collect<T>(
  page: (cursor: { cursor?: string }) => Promise<Page<T>>,
  between: (pages: number) => Promise<void> = async () => {},
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  for (let pages = 1; pages < 1000; pages++) {
    const found: Page<T> = await page(cursor === null ? {} : { cursor });
    all.push(...found.data);
    cursor = found.cursor;
    if (cursor === null) return all;
    await between(pages);
  }
  throw new Error("the list does not end");
}

/** Runs `task` for 0 to `count - 1` at once. */
export function together<T>(count: number, task: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => task(index)));
}
