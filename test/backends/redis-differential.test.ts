import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { type RedisOptions, redisBackend } from "../../src/backends/redis/index.ts";
import { redisKeys } from "../../src/backends/redis/keys.ts";
import type { Commit, CommitOutcome, Page, StorageBackend } from "../../src/backends/types.ts";
import { openClient, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../src/cli/local/upstash.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { commitOf, idle, type Step, step } from "../support/random-commits.ts";

const RUNS = Number(process.env.CAIRN_REDIS_RUNS ?? 120);
const SEED = Number(process.env.CAIRN_REDIS_SEED ?? Date.now() % 2 ** 31);
const MINUTES = 60_000;

let redis: RedisServer;
let upstash: UpstashServer;
let client: Awaited<ReturnType<typeof openClient>>;
let tenants = 0;

beforeAll(async () => {
  redis = await startRedis({ appendonly: "no" });
  upstash = await startUpstash(redis.url, "secret", { maxRequestBytes: 60_000 });
  client = await openClient(redis.url);
}, 120_000);

afterAll(async () => {
  client?.destroy();
  await upstash?.stop();
  await redis?.stop();
});

/** Both stores, and all that the commits have brought. */
interface World {
  model: StorageBackend;
  store: StorageBackend;
  keys: PipelineKey[];
  /** Epoch milliseconds, as the model sees it. */
  clock: { now: number };
  ahead: { seconds: number };
  sent: Commit[][];
  refs: FrameRef[][];
  serial: number;
  /** By pipeline: until when `due` keeps back what it has listed. */
  claims: Map<string, number>;
}

describe(`${RUNS} sequences of commits, seed ${SEED}: Redis does what the model does`, () => {
  const tcp = (): RedisOptions => ({ transport: "tcp", url: redis.url });
  test("over TCP", () => runs(tcp, RUNS), 5 * MINUTES);
  const rest = (): RedisOptions => ({
    ...{ transport: "upstash", url: upstash.url, token: upstash.token },
    // Some frames are staged in parts.
    maxRequestBytes: 60_000,
  });
  test("over Upstash's REST", () => runs(rest, RUNS / 4), 5 * MINUTES);
});

async function runs(connection: () => RedisOptions, numRuns: number): Promise<void> {
  const ahead = { seconds: 0 };
  const store = redisBackend({ ...connection(), ahead: () => ahead.seconds * 1000 });
  const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 60, size: "max" });
  const before = fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(62, 80) },
  );
  await fc.assert(
    fc.asyncProperty(before, batches, async (others, drawn) => {
      ahead.seconds = 0;
      const world = newWorld(store, ahead);
      await send(
        world,
        Array.from({ length: others }, () => remembered(world, 0, idle(world.keys[0]!, ++world.serial))),
      );
      await play(world, drawn);
    }),
    { numRuns, seed: SEED },
  );
  await store.close();
}

function newWorld(store: StorageBackend, ahead: World["ahead"]): World {
  const clock = { now: 0 };
  const tenant = `t${++tenants}`;
  const keys = ["p", "p.1"].map((pipelineId) => ({ tenant, pipelineId }));
  const model = memoryBackend({ now: () => clock.now });
  return { model, store, keys, clock, ahead, sent: [[], []], refs: [[], []], serial: 0, claims: new Map() };
}

async function play(world: World, batches: readonly Step[][]): Promise<void> {
  for (const batch of batches) {
    world.ahead.seconds += batch[0]!.pause;
    if (batch[0]!.pause > 0) await compareDue(world);
    const commits: Commit[] = [];
    for (const drawn of batch) commits.push(await draw(world, drawn));
    await send(world, commits);
  }
  for (const i of world.keys.keys()) await comparePipeline(world, i);
  await compareLists(world);
}

async function send(world: World, commits: readonly Commit[]): Promise<void> {
  const outcomes = await world.store.commit(commits);
  for (const [i, commit] of commits.entries()) await compare(world, commit, outcomes[i]!);
}

function remembered(world: World, pipeline: number, commit: Commit): Commit {
  world.sent[pipeline]!.push(commit);
  return commit;
}

async function draw(world: World, drawn: Step): Promise<Commit> {
  const key = world.keys[drawn.pipeline]!;
  const sent = world.sent[drawn.pipeline]!;
  const earlier = drawn.again && sent.at(-1 - drawn.again.back);
  if (earlier) return drawn.again!.otherDigest ? { ...earlier, digest: "another" } : earlier;
  const head = (await world.model.load(key))?.head ?? null;
  const checkpoints = (await world.model.checkpoints(key, { limit: 10 })).data.map(
    (each) => each.checkpointId,
  );
  const commit = commitOf(drawn, { key, head, checkpoints, serial: ++world.serial });
  remembered(world, drawn.pipeline, commit);
  const { state, checkpoint } = commit.effects;
  for (const frame of [state?.frame, checkpoint?.data?.frame])
    if (frame) world.refs[drawn.pipeline]!.push(frame.ref);
  return commit;
}

/** The model's clock is set to what Redis says its own was, so that even times must be equal. */
async function compare(world: World, commit: Commit, outcome: CommitOutcome): Promise<void> {
  world.clock.now = Date.now() + world.ahead.seconds * 1000;
  if (outcome.ok && !outcome.replayed) world.clock.now = Date.parse(outcome.result.at);
  const before = await world.model.load(commit.key);
  const [wanted] = await world.model.commit([commit]);
  // What is due at another time than before is no longer kept back.
  if (dueOf(before?.head) !== dueOf(wanted!.head)) world.claims.delete(commit.key.pipelineId);
  same(outcome, wanted, `the outcome of ${JSON.stringify(commit.effects)} ${JSON.stringify(commit.expect)}`);
}

/** Everything that can be read of a pipeline, and the frames that are there. */
async function comparePipeline(world: World, i: number): Promise<void> {
  const { model, store, keys, refs } = world;
  const [key, known] = [keys[i]!, refs[i]!];
  const both = async <T>(read: (backend: StorageBackend) => Promise<T>, what: string) =>
    same(await read(store), await read(model), what);
  await both((backend) => backend.load(key, { frame: true }), "the head with its frame");
  await both((backend) => all((page) => backend.checkpoints(key, { limit: 4, ...page })), "the checkpoints");
  await both((backend) => all((page) => backend.events(key, { limit: 7, ...page })), "the events");
  await both((backend) => backend.frames(key, known), "the frames");
  const records = await all((page) => model.checkpoints(key, { limit: 100, ...page }));
  for (const { checkpointId, label } of records.slice(0, 3)) {
    await both((backend) => backend.checkpoint(key, checkpointId), "a checkpoint");
    if (label !== null)
      await both(
        (backend) => all((page) => backend.checkpoints(key, { limit: 2, label, ...page })),
        "a label",
      );
  }
  const named = await model.frames(key, known);
  await compareKeys(
    world,
    i,
    known.filter((_, at) => named[at] !== null),
  );
}

/** The keys behind it: no frame that nothing names, nothing that expires, indexes that say what the head says. */
async function compareKeys({ model, keys }: World, i: number, refs: readonly FrameRef[]): Promise<void> {
  const key = keys[i]!;
  const { due, index, of } = redisKeys("cairn:");
  const names = of(key);
  const base = names.head.slice(0, -"head".length);
  const found = await client.keys(`${base}*`);
  const frames = found.filter((name) => name.startsWith(names.frame)).sort();
  same(frames, [...new Set(refs.map((ref) => names.frame + ref.frameId))].sort(), "the keys of frames");
  const others = found.filter((name) => !name.startsWith(names.frame)).map((name) => name.slice(base.length));
  const kinds = ["checkpoints", "events", "head", "named", "order", "writes"];
  same(
    others.filter((name) => !kinds.includes(name)),
    [],
    "other keys",
  );
  same(
    await Promise.all(found.map((name) => client.ttl(name))),
    found.map(() => -1),
    "keys that expire",
  );

  const head = (await model.load(key))?.head;
  const records = await all((page) => model.checkpoints(key, { limit: 100, ...page }));
  const order = records.map((record) => ({ value: record.checkpointId, score: record.sequence })).reverse();
  same(await client.zRangeWithScores(names.order, 0, -1), order, "the order of checkpoints");
  const counts: Record<string, string> = {};
  for (const { frame } of records) counts[frame.frameId] = String(Number(counts[frame.frameId] ?? 0) + 1);
  same({ ...(await client.hGetAll(names.named)) }, counts, "how many checkpoints name a frame");
  const listed = (await client.zScore(index(key.tenant), key.pipelineId)) !== null;
  same(listed, head !== undefined && !head.deleted, "the index");
  const isDue = (await client.zScore(due, `${key.tenant}:${key.pipelineId}`)) !== null;
  same(isDue, dueOf(head) !== null, "the index of what is due");
}

async function compareLists(world: World): Promise<void> {
  const { model, store, keys } = world;
  const { tenant } = keys[0]!;
  for (const filter of [{}, { status: "running" as const }, { kind: "etl" }, { labels: { n: "" } }]) {
    const list = (backend: StorageBackend) =>
      all((page) => backend.pipelines(tenant, filter, { limit: 1, ...page }));
    same(await list(store), await list(model), "the pipelines");
  }
  await compareDue(world);
}

/** When a pipeline is due, if ever. */
function dueOf(head: Head | null | undefined): string | null {
  return head && !head.deleted && head.status === "running" && head.lease ? head.lease.expiresAt : null;
}

/** The model lists all that is due; Redis keeps back for a minute what it has listed, unless it changes. */
async function compareDue({ model, store, keys, clock, ahead, claims }: World): Promise<void> {
  clock.now = Date.now() + ahead.seconds * 1000;
  const { tenant } = keys[0]!;
  const heads = async (backend: StorageBackend) => {
    const due = await backend.due(10_000);
    const own = due.filter((each) => each.key.tenant === tenant).map((each) => each.head);
    return own.sort((a, b) => (a.pipelineId < b.pipelineId ? -1 : 1));
  };
  const wanted = (await heads(model)).filter(({ pipelineId }) => (claims.get(pipelineId) ?? 0) <= clock.now);
  same(await heads(store), wanted, "what is due");
  for (const head of wanted) claims.set(head.pipelineId, clock.now + 60_000);
}

async function all<T>(page: (cursor: { cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null = null;
  do {
    const next: Page<T> = await page(cursor === null ? {} : { cursor });
    found.push(...next.data);
    cursor = next.cursor;
  } while (cursor !== null);
  return found;
}

/** `toEqual` makes the difference readable; the quick look before it spares its time. */
function same(actual: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, wanted)) expect(actual, what).toEqual(wanted);
}
