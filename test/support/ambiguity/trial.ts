import { expect } from "vitest";
import { memoryBackend } from "../../../src/backends/memory.ts";
import type { StorageBackend } from "../../../src/backends/types.ts";
import { CairnError } from "../../../src/model/errors.ts";
import type { PipelineKey } from "../../../src/model/ids.ts";
import { type Core, createCore } from "../../../src/state/core.ts";
import { saveByOthers, type Told, VERBS, type Verb } from "./verbs.ts";

/** A store, and a way to it that can be disturbed. */
export interface Disturbed {
  /** An undisturbed client. */
  direct: StorageBackend;
  /** A client of its own behind what disturbs it; warm. */
  open(): Promise<StorageBackend>;
  /** From now on the next commit on this pipeline is disturbed, once. */
  disturb(key: PipelineKey): void;
  /** How many commits one act may send: 1 where reading back tells what became of it. @default any number */
  sends?: number;
  /** Resolves when nothing of what was sent is still on its way. */
  settled(): Promise<void>;
  /** How many commits on this pipeline went over the wire of `open()`, and whether one was disturbed. */
  seen(key: PipelineKey): { commits: number; disturbed: boolean };
}

export const TENANT = "ambiguity";
const TRIALS = 30;
const AT_ONCE = 60;
let names = 0;

function newKey(): PipelineKey {
  return { tenant: TENANT, pipelineId: `p${++names}` };
}

/**
 * Thirty trials of every verb. Each must be applied exactly once and say so, or answer 503 and say so when it is
 * sent again under the same key; sent again after others have written it must still give its first answer.
 *
 * @returns what went wrong, one line each, and how often the first answer was a 503
 */
export async function trials(store: Disturbed, verbs = VERBS) {
  const wrong: string[] = [];
  let unavailable = 0;
  const work = verbs.flatMap((verb) => Array.from({ length: TRIALS }, () => verb));
  await inParallel(work, async (verb) => {
    try {
      if ((await trial(store, verb)) === null) unavailable++;
    } catch (error) {
      wrong.push(`${verb.name}: ${(error as Error).message}`);
    }
  });
  return { wrong, unavailable, trials: work.length };
}

/** Thirty trials of every verb, sent twice at the same time under one key. @returns what went wrong */
export async function twins(store: Disturbed, verbs = VERBS): Promise<string[]> {
  const wrong: string[] = [];
  const work = verbs.flatMap((verb) => Array.from({ length: TRIALS }, () => verb));
  await inParallel(work, async (verb) => {
    try {
      await twin(store, verb);
    } catch (error) {
      wrong.push(`${verb.name}: ${(error as Error).message}`);
    }
  });
  return wrong;
}

async function twin(store: Disturbed, verb: Verb): Promise<void> {
  const [key, wanted] = [newKey(), await model(verb)];
  const direct = createCore({ backend: store.direct });
  await verb.prepare(direct, key);
  const backends = await Promise.all([store.open(), store.open()]);
  const both = await Promise.all(backends.map((backend) => verb.act(createCore({ backend }), key, "k")));
  for (const told of both) expect(told.facts).toEqual(wanted.facts);
  expect(await effectOf(direct, key)).toEqual(wanted.effect);
  await Promise.all(backends.map((backend) => backend.close()));
}

/** @returns the first answer; null when it was a 503 */
async function trial(store: Disturbed, verb: Verb): Promise<Told | null> {
  const [key, wanted] = [newKey(), await model(verb)];
  const direct = createCore({ backend: store.direct });
  await verb.prepare(direct, key);
  const core = createCore({ backend: await store.open() });
  core.heads.put(key, (await store.direct.load(key))?.head ?? null);
  store.disturb(key);
  const first = await verb.act(core, key, "k").catch(only503);
  expect(store.seen(key).disturbed, "the commit was disturbed").toBe(true);
  if (first)
    expect(store.seen(key).commits, "commits on the wire").toBeLessThanOrEqual(store.sends ?? Infinity);
  if (first && store.sends === 1) expect(first.replayed, "whether the first answer is a replay").toBe(false);
  const told = first ?? (await insist(verb, core, key));
  await store.settled();
  expect(told.facts).toEqual(wanted.facts);
  expect(await effectOf(direct, key)).toEqual(wanted.effect);
  await againAfterOthers(direct, verb, key, told);
  await core.backend.close();
  return first;
}

/** Its own answer, and not a second write. */
async function againAfterOthers(direct: Core, verb: Verb, key: PipelineKey, told: Told): Promise<void> {
  const deleted = (await direct.backend.load(key))!.head.deleted;
  await saveByOthers(direct, key, deleted);
  const before = await effectOf(direct, key);
  expect(await verb.act(direct, key, "k")).toEqual({ facts: told.facts, replayed: true });
  expect(await effectOf(direct, key)).toEqual(before);
}

/** As a client does that was told to come again. */
async function insist(verb: Verb, core: Core, key: PipelineKey): Promise<Told> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const told = await verb.act(core, key, "k").catch(only503);
    if (told) return told;
  }
  throw new Error("503, however often it was sent");
}

function only503(error: unknown): null {
  if (error instanceof CairnError && error.status === 503) return null;
  const said = error instanceof CairnError ? `${error.status} ${error.code}` : String(error);
  throw new Error(`answered ${said}`);
}

/** What one undisturbed act tells, and makes of a pipeline. */
async function model(verb: Verb): Promise<{ facts: Told["facts"]; effect: object }> {
  const core = createCore({ backend: memoryBackend() });
  const key = newKey();
  await verb.prepare(core, key);
  const { facts } = await verb.act(core, key, "k");
  return { facts, effect: await effectOf(core, key) };
}

/** All of a pipeline that is the same in every run. */
async function effectOf({ backend }: Core, key: PipelineKey): Promise<object> {
  const { head } = (await backend.load(key))!;
  const { revision, version, fence, deleted, status, attempt, kind, checkpointCount, sequence } = head;
  const events = await backend.events(key, { limit: 100 });
  return {
    ...{ revision, version, fence, deleted, status, attempt, kind, checkpointCount, sequence },
    state: head.state && [head.state.version, head.state.sha256],
    history: head.history.map((state) => state.version),
    owner: head.lease?.owner ?? null,
    events: events.data.map((event) => event.type),
    writes: head.writes.length,
    mine: head.writes.filter((write) => write.writeId === "k").length,
  };
}

async function inParallel<T>(work: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...work];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
