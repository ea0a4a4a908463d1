import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noise } from "../../src/backends/contract/support.ts";
import { dueAt } from "../../src/backends/due-at.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { type RedisOptions, redisBackend } from "../../src/backends/redis/index.ts";
import { redisKeys } from "../../src/backends/redis/keys.ts";
import type { Commit, CommitOutcome, Page, StagedFrame, StorageBackend } from "../../src/backends/types.ts";
import { openClient, type RedisServer, startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../src/cli/local/upstash.ts";
import { chainOf, type Link } from "../../src/model/chain.ts";
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
  links: Link[][];
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
  return { model, store, keys, clock, ahead, sent: [[], []], links: [[], []], serial: 0, claims: new Map() };
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
  for (const commit of commits) await world.store.stage(commit.key, stagedOf(commit));
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
  const commit = withStaged(
    commitOf(drawn, { key, head, checkpoints, serial: ++world.serial }),
    world.serial,
  );
  remembered(world, drawn.pipeline, commit);
  const { state, checkpoint } = commit.effects;
  for (const frame of [state?.frame, checkpoint?.data?.frame])
    if (frame) world.links[drawn.pipeline]!.push(frame.ref);
  world.links[drawn.pipeline]!.push(...(state?.staged ?? []));
  return commit;
}

/** Some commits name frames that were staged; of a few of them one was not. */
function withStaged(commit: Commit, serial: number): Commit {
  const { state } = commit.effects;
  if (!state || serial % 4 > 0) return commit;
  const chain = chainOf(state.frame.ref);
  const name = (i: number, bytes: number) => `${chain}.p${i}-${bytes.toString(36)}-x${serial}`;
  const staged = [7, serial % 8 ? 20 : 90_000].map((bytes, i) => ({
    frameId: name(i, bytes),
    storedBytes: bytes,
  }));
  if (serial % 24 === 0) staged.push({ frameId: `${chain}.missing`, storedBytes: 3 });
  return { ...commit, effects: { ...commit.effects, state: { ...state, staged } } };
}

function stagedOf({ effects }: Commit): StagedFrame[] {
  const here = (effects.state?.staged ?? []).filter(({ frameId }) => !frameId.endsWith("missing"));
  return here.map(({ frameId, storedBytes }) => ({ frameId, bytes: noise(storedBytes, storedBytes) }));
}

/** The model's clock is set to what Redis says its own was, so that even times must be equal. */
async function compare(world: World, commit: Commit, outcome: CommitOutcome): Promise<void> {
  world.clock.now = Date.now() + world.ahead.seconds * 1000;
  if (outcome.ok && !outcome.replayed) world.clock.now = Date.parse(outcome.result.at);
  const before = await world.model.load(commit.key);
  await world.model.stage(commit.key, stagedOf(commit));
  const [wanted] = await world.model.commit([commit]);
  // What is due at another time than before is no longer kept back.
  if (dueOf(before?.head) !== dueOf(wanted!.head)) world.claims.delete(commit.key.pipelineId);
  same(outcome, wanted, `the outcome of ${JSON.stringify(commit.effects)} ${JSON.stringify(commit.expect)}`);
}

/** Everything that can be read of a pipeline, and the frames that are there. */
async function comparePipeline(world: World, i: number): Promise<void> {
  const { model, store, keys, links } = world;
  const [key, known] = [keys[i]!, links[i]!];
  const both = async <T>(read: (backend: StorageBackend) => Promise<T>, what: string) =>
    same(await read(store), await read(model), what);
  await both((backend) => backend.load(key, { frames: true }), "the head with its frames");
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

/** The keys behind it: no frame that nothing names, only what is staged expires, indexes that say what the head says. */
async function compareKeys({ model, keys, claims }: World, i: number, links: readonly Link[]): Promise<void> {
  const key = keys[i]!;
  const { due, index, of } = redisKeys("cairn:");
  const names = of(key);
  const base = names.head.slice(0, -"head".length);
  const waiting = (name: string) => name === names.staging || name.startsWith(names.staged);
  const found = (await client.keys(`${base}*`)).filter((name) => !waiting(name));
  const frames = found.filter((name) => name.startsWith(names.frame)).sort();
  same(frames, [...new Set(links.map((link) => names.frame + link.frameId))].sort(), "the keys of frames");
  same(await chainsOf(found, names.chain), listsOf(links), "the lists of chains");
  const others = found
    .filter((name) => !name.startsWith(names.frame) && !name.startsWith(names.chain))
    .map((name) => name.slice(base.length));
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
  for (const chain of records.map(({ frame }) => chainOf(frame)))
    counts[chain] = String(Number(counts[chain] ?? 0) + 1);
  same({ ...(await client.hGetAll(names.named)) }, counts, "how many checkpoints name a chain");
  const listed = (await client.zScore(index(key.tenant), key.pipelineId)) !== null;
  same(listed, head !== undefined && !head.deleted, "the index");
  const score = await client.zScore(due, `${key.tenant}:${key.pipelineId}`);
  const time = dueOf(head);
  if (claims.has(key.pipelineId)) expect(score, "the claim").toBeGreaterThanOrEqual(time!);
  else same(score, time, "the index of what is due");
}

type Lists = Record<string, string[]>;

/** By chain the frames in its list. */
async function chainsOf(found: readonly string[], prefix: string): Promise<Lists> {
  const lists: Lists = {};
  for (const name of found.filter((each) => each.startsWith(prefix)))
    lists[name.slice(prefix.length)] = [...new Set(await client.lRange(name, 0, -1))].sort();
  return lists;
}

/** What they are to be: every frame of a chain, but the full one. */
function listsOf(links: readonly Link[]): Lists {
  const lists: Lists = {};
  for (const id of new Set(links.map(({ frameId }) => frameId).sort()))
    if (!id.endsWith(".0"))
      lists[chainOf({ frameId: id })] = [...(lists[chainOf({ frameId: id })] ?? []), id];
  return lists;
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

/** When a pipeline is due, if ever: epoch milliseconds. */
function dueOf(head: Head | null | undefined): number | null {
  const time = head ? dueAt(head, 0) : null;
  return time && Math.ceil(time);
}

/** Of what is due in the model, Redis keeps back for a minute what it has listed, unless its time changes. */
async function compareDue({ model, store, keys, clock, ahead, claims }: World): Promise<void> {
  clock.now = Date.now() + ahead.seconds * 1000;
  const heads = await Promise.all(keys.map(async (key) => (await model.load(key))?.head));
  const wanted = heads.flatMap((head) => {
    const time = dueOf(head);
    const claimed = (claims.get(head?.pipelineId ?? "") ?? 0) > clock.now;
    return head && time !== null && time <= clock.now && !claimed ? [head] : [];
  });
  const found = (await store.due(10_000)).filter(({ key }) => key.tenant === keys[0]!.tenant);
  const listed = found.map(({ head }) => head).sort((a, b) => (a.pipelineId < b.pipelineId ? -1 : 1));
  same(listed, wanted, "what is due");
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
