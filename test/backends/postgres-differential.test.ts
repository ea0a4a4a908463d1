import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dueAt } from "../../src/backends/due-at.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { postgresOver } from "../../src/backends/postgres/backend.ts";
import { postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { pgliteRunner } from "../../src/backends/postgres/pglite.ts";
import type { Runner } from "../../src/backends/postgres/runner.ts";
import type { Commit, Page, PipelineFilter, StorageBackend } from "../../src/backends/types.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import { commitOf, idle, type Step, step } from "../support/random-commits.ts";

const RUNS = Number(process.env.CAIRN_POSTGRES_RUNS ?? 100);
const SEED = Number(process.env.CAIRN_POSTGRES_SEED ?? Date.now() % 2 ** 31);
const MINUTES = 60_000;

let server: PostgresServer;
let postgres: Runner;
let embedded: Runner;
let tenants = 0;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  postgres = await openStopped(postgresRunner({ transport: "tcp", url: server.url }));
  embedded = await openStopped(pgliteRunner());
}, MINUTES);

afterAll(async () => {
  await postgres?.close();
  await embedded?.close();
  await server?.stop();
});

/** The stored function and `applyCommit` make the same of every commit: not even a time differs. */
describe(`${RUNS} sequences of commits, seed ${SEED}: Postgres does what the model does`, () => {
  test("Postgres", () => runs(postgres, RUNS), 5 * MINUTES);
  test("embedded", () => runs(embedded, Math.ceil(RUNS / 10)), 5 * MINUTES);
});

/** A store whose clock stands still, until it is set. */
async function openStopped(runner: Runner): Promise<Runner> {
  await migrate(runner);
  await runner.query("CREATE TABLE cairn.test_clock AS SELECT now() AS at", []);
  await runner.query(
    `CREATE OR REPLACE FUNCTION cairn.clock_v1() RETURNS timestamptz LANGUAGE sql VOLATILE AS
     $fn$ SELECT at FROM cairn.test_clock $fn$`,
    [],
  );
  return runner;
}

/** Both stores, and all that the commits have brought. */
class World {
  readonly tenant = `t${++tenants}`;
  readonly keys = ["p", "p.1"].map((pipelineId) => ({ tenant: this.tenant, pipelineId }));
  readonly model: StorageBackend;
  readonly store: StorageBackend;
  readonly runner: Runner;
  readonly sent: Commit[][] = [[], []];
  readonly refs: FrameRef[][] = [[], []];
  now = Date.parse("2026-11-23T08:00:00.123Z");
  serial = 0;

  constructor(runner: Runner) {
    this.runner = runner;
    this.store = postgresOver(runner);
    this.model = memoryBackend({ now: () => this.now });
  }

  async pass(seconds: number): Promise<void> {
    this.now += seconds * 1000;
    const sql = "UPDATE cairn.test_clock SET at = $1::timestamptz";
    await this.runner.query(sql, [new Date(this.now).toISOString()]);
  }

  /** The answer of both to one question, which must be the same. */
  async both<T>(ask: (backend: StorageBackend) => Promise<T>, what: string): Promise<T> {
    const [actual, wanted] = [await ask(this.store), await ask(this.model)];
    // `toEqual` makes the difference readable; the quick look before it spares its time.
    if (!isDeepStrictEqual(actual, wanted)) expect(actual, what).toEqual(wanted);
    return wanted;
  }
}

async function runs(runner: Runner, numRuns: number): Promise<void> {
  const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 50, size: "max" });
  const older = fc.constantFrom(0, 0, 0, 0, 62, 80);
  await fc.assert(
    fc.asyncProperty(older, batches, async (before, drawn) => {
      const world = new World(runner);
      await world.pass(0);
      await forget(world, before);
      for (const batch of drawn) await send(world, batch);
      for (const i of world.keys.keys()) await comparePipeline(world, i);
      await compareLists(world);
    }),
    { numRuns, seed: SEED },
  );
}

/** So many commits that the next ones push writes out of memory. */
async function forget(world: World, count: number): Promise<void> {
  if (count === 0) return;
  const commits = Array.from({ length: count }, () => idle(world.keys[0]!, ++world.serial));
  world.sent[0]!.push(...commits);
  await world.both((backend) => backend.commit(commits), "changes of no consequence");
}

/** Pauses that meet the end of a lease to the millisecond, and others. */
const PAUSES: Readonly<Record<number, number>> = { 0: 0, 7: 10, 77: 77, 777: 1000 };

async function send(world: World, batch: readonly Step[]): Promise<void> {
  await world.pass(PAUSES[batch[0]!.pause]!);
  const commits: Commit[] = [];
  for (const drawn of batch) commits.push(await draw(world, drawn));
  const what = commits.map(({ expect, effects }) => JSON.stringify({ expect, effects })).join("\n");
  await world.both((backend) => backend.commit(commits), `the outcomes of ${what}`);
  // It claims what it lists: sometimes only, so that times come while nobody looks.
  if (batch[0]!.pause > 0) await compareDue(world);
}

async function draw(world: World, drawn: Step): Promise<Commit> {
  const { pipeline, again } = drawn;
  const key = world.keys[pipeline]!;
  const earlier = again && world.sent[pipeline]!.at(-1 - again.back);
  if (earlier) return again.otherDigest ? { ...earlier, digest: "another" } : earlier;
  const head = (await world.model.load(key))?.head ?? null;
  const records = (await world.model.checkpoints(key, { limit: 10 })).data;
  const checkpoints = records.map((record) => record.checkpointId);
  const commit = commitOf(drawn, { key, head, checkpoints, serial: ++world.serial });
  world.sent[pipeline]!.push(commit);
  const { state, checkpoint } = commit.effects;
  for (const frame of [state?.frame, checkpoint?.data?.frame])
    if (frame) world.refs[pipeline]!.push(frame.ref);
  return commit;
}

/** Everything that can be read of a pipeline, and no frame more than the model has. */
async function comparePipeline(world: World, i: number): Promise<void> {
  const [key, refs] = [world.keys[i]!, world.refs[i]!];
  await world.both((backend) => backend.load(key, { frames: true }), "the head with its frame");
  await world.both((backend) => backend.load(key), "the head");
  await world.both((backend) => all((page) => backend.events(key, { limit: 7, ...page })), "the events");
  await world.both((backend) => backend.frames(key, refs), "the frames");
  const list = (backend: StorageBackend) => all((page) => backend.checkpoints(key, { limit: 4, ...page }));
  const records = await world.both(list, "the checkpoints");
  for (const { checkpointId, label } of records.slice(0, 3)) {
    await world.both((backend) => backend.checkpoint(key, checkpointId), "a checkpoint");
    if (label === null) continue;
    const labelled = (backend: StorageBackend) =>
      all((page) => backend.checkpoints(key, { limit: 2, label, ...page }));
    await world.both(labelled, "a label");
  }
}

const FILTERS: PipelineFilter[] = [
  {},
  { status: "running" },
  { status: "interrupted", kind: "default" },
  { kind: "etl" },
  { labels: { n: "" } },
  { labels: { team: "\u0000" } },
  { updatedBefore: "2026-11-23T08:10:00.123Z" },
];

/** Seconds to the very millisecond at which the next of them is due, or comes up again. */
async function untilNextDue(world: World): Promise<number> {
  const loaded = await Promise.all(world.keys.map((key) => world.model.load(key)));
  const times = loaded.map((each) => ((each && dueAt(each.head, 0)) ?? 0) - world.now);
  return Math.min(...times.filter((left) => left > 0), 60_000) / 1000;
}

async function compareDue(world: World): Promise<void> {
  const due = async (backend: StorageBackend) =>
    (await backend.due(10_000))
      .filter(({ key }) => key.tenant === world.tenant)
      .sort((a, b) => (a.key.pipelineId < b.key.pipelineId ? -1 : 1));
  await world.both(due, "what is due");
}

async function compareLists(world: World): Promise<void> {
  const used = world.sent.flat().map(({ effects }) => effects.settings?.labels ?? {});
  const pairs = used.flatMap((labels) => Object.entries(labels)).slice(-10);
  const filters = [...FILTERS, ...pairs.map(([name, value]) => ({ labels: { [name]: value } }))];
  for (const filter of filters) {
    const list = (backend: StorageBackend) =>
      all((page) => backend.pipelines(world.tenant, filter, { limit: 1, ...page }));
    await world.both(list, `the pipelines ${JSON.stringify(filter)}`);
  }
  for (let i = 0; i < 4; i++) {
    await compareDue(world);
    await world.pass(await untilNextDue(world));
  }
  await compareDue(world);
  await world.runner.query(
    "TRUNCATE cairn.pipelines, cairn.versions, cairn.checkpoints, cairn.events, cairn.writes, cairn.frames",
    [],
  );
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
