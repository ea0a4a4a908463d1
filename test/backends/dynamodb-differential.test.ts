import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect } from "../../src/backends/contract/support.ts";
import { dynamodbBackend } from "../../src/backends/dynamodb/backend.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { s3Store } from "../../src/backends/object/s3.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { type Link, linksOf } from "../../src/model/chain.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import { type DynamoServer, startDynamo } from "../support/dynamo.ts";
import { type PutTimes, timeless } from "../support/memory-store.ts";
import { commitOf, idle, type Step, step } from "../support/random-commits.ts";
import { type S3Server, startS3 } from "../support/s3-server/server.ts";

const RUNS = Number(process.env.CAIRN_DYNAMODB_RUNS ?? 40);
const SEED = Number(process.env.CAIRN_DYNAMODB_SEED ?? Date.now() % 2 ** 31);
const MINUTES = 60_000;
/** For each of the four, milliseconds: more when more is asked for. */
const LIMIT = process.env.CAIRN_DYNAMODB_RUNS ? 4 * MINUTES : 8_000;

let dynamo: DynamoServer;
let s3: S3Server;
let worlds = 0;
beforeAll(async () => {
  [dynamo, s3] = await Promise.all([startDynamo(), startS3()]);
});
afterAll(async () => {
  await dynamo.stop();
  await s3.stop();
});

/** Two clients of one store, with frames up to `exact` bytes deleted as soon as nothing names them. */
interface Store {
  clients: StorageBackend[];
  exact: number;
  /** Whether `due` is true to the millisecond. */
  punctual: boolean;
}

type Open = (world: { now: number }) => Promise<Store>;

/** For all clients of one store. */
function objects(now: () => number): () => ObjectStore {
  const times: PutTimes = new Map();
  const prefix = `world-${worlds}`;
  return () => timeless(s3Store({ ...s3, endpoint: s3.url, client: "fetch", prefix }), now, times);
}

const onDynamo = (frames: "s3" | "rows"): Open => {
  return async (world) => {
    dynamo.clock.now = () => world.now;
    const shared = { table: await dynamo.makeTable(), clockSlackSeconds: 0, now: () => world.now };
    const place = frames === "s3" ? { s3: objects(() => world.now)() } : {};
    const open = (inlineBytes: number) => dynamodbBackend({ ...dynamo, ...shared, ...place, inlineBytes });
    const [roomy, tight] = [open(8192), open(900)];
    const clients = worlds % 2 === 0 ? [roomy, tight] : [tight, roomy];
    return { clients, exact: Number.POSITIVE_INFINITY, punctual: true };
  };
};

const onS3: Open = async (world) => {
  const store = objects(() => world.now);
  const open = () => objectBackend({ store: store(), clockSlackSeconds: 0, now: () => world.now });
  return { clients: [open(), open()], exact: 32 * 1024, punctual: false };
};

describe(`${RUNS} sequences of commits, seed ${SEED}: the store does what the model does`, () => {
  test("dynamodb with S3", () => runs(onDynamo("s3"), false), 5 * MINUTES);
  test("dynamodb with S3, told on what a condition failed", () => runs(onDynamo("s3"), true), 5 * MINUTES);
  test("dynamodb alone", () => runs(onDynamo("rows"), false), 5 * MINUTES);
  test("object on S3", () => runs(onS3, false), 5 * MINUTES);
});

async function runs(open: Open, told: boolean): Promise<void> {
  dynamo.items.told = told;
  const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 50, size: "max" });
  const older = fc.constantFrom(0, 0, 0, 0, 62, 80);
  const ends = Date.now() + LIMIT;
  await fc.assert(
    fc.asyncProperty(older, fc.boolean(), batches, async (before, alone, drawn) => {
      // However slow the machine: as many as fit, and no shrinking without an end.
      if (Date.now() > ends) return;
      const world = await World.open(open, alone);
      await world.forget(before);
      for (const batch of drawn) await world.send(batch);
      for (const i of world.keys.keys()) await comparePipeline(world, i);
      await compareLists(world);
      for (const i of world.keys.keys()) await collectPipeline(world, i);
      for (const client of world.clients) await client.close();
      s3.objects.clear();
      dynamo.requests.length = 0;
    }),
    { numRuns: RUNS, seed: SEED },
  );
}

/** Pauses that meet the end of a lease to the millisecond, and others. */
const PAUSES: Readonly<Record<number, number>> = { 0: 0, 7: 10, 77: 77, 777: 1000 };

/** The model, the store behind two clients, and all that the commits have brought. */
class World {
  readonly tenant = `t${++worlds}`;
  readonly keys = ["p", "p.1"].map((pipelineId) => ({ tenant: this.tenant, pipelineId }));
  readonly model = memoryBackend({ now: () => this.now });
  readonly sent: Commit[][] = [[], []];
  readonly refs: FrameRef[][] = [[], []];
  clients: StorageBackend[] = [];
  exact = -1;
  punctual = false;
  now = Date.parse("2026-11-23T08:00:00.123Z");
  private serial = 0;
  private asked = 0;

  static async open(open: Open, alone: boolean): Promise<World> {
    const world = new World();
    const { clients, exact, punctual } = await open(world);
    world.punctual = punctual;
    // Of two writers one loses, and may leave a frame behind that nothing names.
    return Object.assign(world, alone ? { clients: [clients[0], clients[0]], exact } : { clients });
  }

  /** The answer of both to one question, which must be the same; the clients are asked turn about. */
  async both<T>(ask: (backend: StorageBackend) => Promise<T>, what: string): Promise<T> {
    const client = this.clients[((this.asked++ * 7) % 3) & 1]!;
    const [actual, wanted] = [await ask(client), await ask(this.model)];
    // `toEqual` makes the difference readable; the quick look before it spares its time.
    if (!isDeepStrictEqual(actual, wanted)) expect(actual, what).toEqual(wanted);
    return wanted;
  }

  /** So many commits that the next ones push writes out of memory. */
  async forget(count: number): Promise<void> {
    const commits = Array.from({ length: count }, () => idle(this.keys[0]!, ++this.serial));
    this.sent[0]!.push(...commits);
    await this.both((backend) => backend.commit(commits), "changes of no consequence");
  }

  async send(batch: readonly Step[]): Promise<void> {
    this.now += PAUSES[batch[0]!.pause]! * 1000;
    const commits: Commit[] = [];
    for (const drawn of batch) commits.push(await this.draw(drawn));
    const what = commits.map(({ expect, effects }) => JSON.stringify({ expect, effects })).join("\n");
    await this.both((backend) => backend.commit(commits), `the outcomes of ${what}`);
    if (this.punctual && this.serial % 3 === 0) await compareDue(this);
  }

  private async draw(drawn: Step): Promise<Commit> {
    const { pipeline, again } = drawn;
    const key = this.keys[pipeline]!;
    const earlier = again && this.sent[pipeline]!.at(-1 - again.back);
    if (earlier) return again.otherDigest ? { ...earlier, digest: "another" } : earlier;
    const head = (await this.model.load(key))?.head ?? null;
    const records = (await this.model.checkpoints(key, { limit: 10 })).data;
    const checkpoints = records.map((record) => record.checkpointId);
    const commit = commitOf(drawn, { key, head, checkpoints, serial: ++this.serial });
    this.sent[pipeline]!.push(commit);
    const { state, checkpoint } = commit.effects;
    for (const frame of [state?.frame, checkpoint?.data?.frame])
      if (frame) this.refs[pipeline]!.push(frame.ref);
    return commit;
  }
}

/** Everything that can be read of a pipeline; of small frames no more than the model has. */
async function comparePipeline(world: World, i: number): Promise<void> {
  const key = world.keys[i]!;
  await world.both((backend) => backend.load(key, { frames: true }), "the head with its frame");
  await world.both((backend) => backend.load(key), "the head");
  await compareContents(world, i);
}

/** What is old and named stays, whatever else is collected: only the revision rises. */
async function collectPipeline(world: World, i: number): Promise<void> {
  const key = world.keys[i]!;
  world.now += 1000;
  for (const client of new Set(world.clients)) await client.collect(key, 0);
  const head = async (backend: StorageBackend) => {
    const loaded = await backend.load(key, { frames: true });
    return loaded && { ...loaded, head: { ...loaded.head, revision: 0 } };
  };
  const loaded = await world.both(head, "the head after collecting");
  const { state = null, history = [] } = loaded?.head ?? {};
  const { data } = await world.model.checkpoints(key, { limit: 10_000 });
  // The model keeps more of a chain: what was named once.
  const owners = [...(state ? [state] : []), ...history, ...data];
  await compareContents(
    world,
    i,
    owners.flatMap(({ frame }) => linksOf(frame)),
  );
}

async function compareContents(
  world: World,
  i: number,
  refs: readonly Link[] = world.refs[i]!,
): Promise<void> {
  const key = world.keys[i]!;
  await world.both((backend) => collect((page) => backend.events(key, { limit: 7, ...page })), "the events");
  const there = await world.model.frames(key, refs);
  const sure = refs.filter((ref, at) => ref.storedBytes <= world.exact || there[at] !== null);
  await world.both((backend) => backend.frames(key, sure), "the frames");
  const list = (backend: StorageBackend) =>
    collect((page) => backend.checkpoints(key, { limit: 4, ...page }));
  const records = await world.both(list, "the checkpoints");
  for (const { checkpointId, label } of records.filter((_, at) => at % 3 === 0).slice(0, 6)) {
    await world.both((backend) => backend.checkpoint(key, checkpointId), "a checkpoint");
    if (label === null) continue;
    const labelled = (backend: StorageBackend) =>
      collect((page) => backend.checkpoints(key, { limit: 2, label, ...page }));
    await world.both(labelled, "a label");
  }
}

async function compareLists(world: World): Promise<void> {
  for (const filter of [{}, { status: "running" as const }, { kind: "etl" }, { labels: { n: "" } }]) {
    const list = (backend: StorageBackend) =>
      collect((page) => backend.pipelines(world.tenant, filter, { limit: 1, ...page }));
    await world.both(list, `the pipelines ${JSON.stringify(filter)}`);
  }
  world.now += 60_000;
  await compareDue(world);
}

async function compareDue(world: World): Promise<void> {
  const due = async (backend: StorageBackend) =>
    (await backend.due(100))
      .filter(({ key }) => key.tenant === world.tenant)
      .sort((a, b) => (a.key.pipelineId < b.key.pipelineId ? -1 : 1));
  await world.both(due, "what is due");
}
