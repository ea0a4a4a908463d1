import fc from "fast-check";
import { expect, test } from "vitest";
import { change, saving } from "../../src/backends/contract/support.ts";
import { dueAt } from "../../src/backends/due-at.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { parseDueKey } from "../../src/backends/object/keys.ts";
import { minuteOf } from "../../src/backends/object/markers.ts";
import type { Commit, Effects, StorageBackend } from "../../src/backends/types.ts";
import type { Head } from "../../src/model/head.ts";
import { type MemoryStore, memoryStore, timeless } from "../support/memory-store.ts";

const RUNS = Number(process.env.CAIRN_OBJECT_RUNS ?? 100);
const SEED = Number(process.env.CAIRN_OBJECT_SEED ?? Date.now() % 2 ** 31);
const KEY = { tenant: "t", pipelineId: "p" };
const START = Date.parse("2026-11-23T08:00:10Z");
const SLACK = 2;

/** Clients of one store, each with a clock that may be off. */
function world(clients = 1) {
  const store = memoryStore();
  const clock = { at: START };
  const open = (skew = 0, over = memoryStore({ objects: store.objects })) =>
    objectBackend({ store: timeless(over), now: () => clock.at + skew, clockSlackSeconds: SLACK });
  return { store, clock, open, backends: Array.from({ length: clients }, () => open()) };
}

const markers = ({ objects }: MemoryStore) =>
  [...objects.keys()].map(parseDueKey).filter((each) => each !== null);
const headOf = async (backend: StorageBackend) => (await backend.load(KEY))?.head ?? null;
const at = (time: number) => new Date(time).toISOString();

/** A client that is held up before a call, when told after how many, and then goes on. */
function holdable(objects: MemoryStore["objects"]) {
  let left: number | null = null;
  let go = () => {};
  let reached = () => {};
  const held = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const fault = async (_call: string, _key: string, when: string) => {
    if (when !== "before" || left === null || left-- > 0) return;
    left = null;
    reached();
    await new Promise<void>((resolve) => {
      go = resolve;
    });
  };
  const hold = (calls: number) => {
    left = calls;
  };
  const goOn = () => {
    left = null;
    go();
  };
  return { store: memoryStore({ objects, fault }), hold, goOn, held: () => held };
}

async function land(backend: StorageBackend, commit: Commit): Promise<Head> {
  const [outcome] = await backend.commit([commit]);
  if (!outcome!.ok) throw new Error(outcome!.refusal);
  return outcome!.head;
}

async function make(backend: StorageBackend, effects: Effects = {}): Promise<Head> {
  return land(backend, await saving(KEY, 0, "v1", { effects }));
}

test("saves that only make the time later put no marker, and the one that is there finds the silence", async () => {
  const { clock } = world();
  const store = memoryStore();
  const backend = objectBackend({ store: timeless(store), now: () => clock.at });
  let { version } = await make(backend, { settings: { recovery: { silenceSeconds: 90 } } });
  const before = store.calls.length;
  for (; version < 100; version++) {
    clock.at += 20_000;
    await land(backend, await saving(KEY, version, `v${version}`));
  }
  expect(store.calls.slice(before)).toEqual(Array(99).fill("put heads/t/p"));
  expect(markers(store).length).toBe(1);
  expect(await backend.due(10)).toEqual([]);
  clock.at += 89_000;
  expect(await backend.due(10)).toEqual([]);
  clock.at += 1_000;
  expect((await backend.due(10)).map(({ head }) => head.version)).toEqual([100]);
});

test("heartbeats put no marker; an earlier time does, before its head", async () => {
  const { clock } = world();
  const store = memoryStore();
  const backend = objectBackend({ store: timeless(store), now: () => clock.at });
  await make(backend);
  const { fence } = await land(backend, change(KEY, { lease: { take: { owner: "o", ttlSeconds: 600 } } }));
  const commits = async (effects: Effects) => {
    clock.at += 5000;
    const before = store.calls.length;
    await land(backend, change(KEY, effects, { expect: { fence } }));
    return store.calls.slice(before).map((call) => call.replace(/\/.*/, ""));
  };
  for (let i = 0; i < 20; i++)
    expect(await commits({ lease: { renew: { ttlSeconds: 600 + i } } })).toEqual(["put heads"]);
  expect(await commits({ lookAt: at(clock.at + 120_000) })).toEqual(["put due", "put heads"]);
  expect(await commits({ lookAt: at(clock.at + 240_000) })).toEqual(["put heads"]);
  expect(await commits({ lookAt: null })).toEqual(["put heads"]);
  expect(await commits({ lease: { renew: { ttlSeconds: 60 } } })).toEqual(["put due", "put heads"]);
  expect(await commits({ status: "completed" })).toEqual(["put heads"]);
});

test("a marker of a head that is due later moves on to its minute, and one of a head due for nothing goes", async () => {
  const { store, clock, backends } = world();
  const [backend] = backends as [StorageBackend];
  await make(backend, { lookAt: at(START + 60_000) });
  await land(backend, change(KEY, { lookAt: at(START + 3_600_000) }));
  expect(markers(store).map(({ minute }) => minute)).toEqual([minuteOf(START + 60_000)]);
  clock.at += 120_000;
  expect(await backend.due(10)).toEqual([]);
  expect(markers(store).map(({ minute }) => minute)).toEqual([minuteOf(START + 3_600_000)]);
  await land(backend, change(KEY, { lookAt: null }));
  clock.at += 3_600_000;
  expect(await backend.due(10)).toEqual([]);
  expect(markers(store)).toEqual([]);
});

test("however often the time was made earlier, its markers fall together, and it is listed once", async () => {
  const { store, clock, backends } = world();
  const [backend] = backends as [StorageBackend];
  await make(backend);
  for (let i = 40; i > 0; i--) await land(backend, change(KEY, { lookAt: at(START + i * 60_000) }));
  expect(markers(store).length).toBe(40);
  await land(backend, change(KEY, { lookAt: at(START + 7_200_000) }));
  clock.at += 3_600_000;
  expect(await backend.due(100)).toEqual([]);
  expect(markers(store).length).toBe(1);
  clock.at += 3_600_000;
  expect((await backend.due(100)).length).toBe(1);
  expect(await backend.due(100)).toEqual([]);
});

test("sweeps at the same time list each once, and who dies between two calls loses nothing", async () => {
  const { store, clock, open } = world();
  const ids = Array.from({ length: 30 }, (_, i) => `p${i}`);
  for (const pipelineId of ids) {
    const commit = await saving({ ...KEY, pipelineId }, 0, "v1", { effects: { lookAt: at(START - 60_000) } });
    await land(open(), commit);
  }
  const lists = await Promise.all(Array.from({ length: 8 }, () => open().due(100)));
  const found = lists.flat().map(({ key }) => key.pipelineId);
  expect(found.sort()).toEqual(ids.toSorted());
  for (let dies = 1; dies <= 60; dies += 7) {
    clock.at += 120_000;
    let changes = 0;
    const mortal = memoryStore({
      objects: store.objects,
      fault: (call, _key, when) => {
        if (changes >= dies || (call !== "get" && when === "after" && ++changes >= dies))
          throw new Error("dead");
      },
    });
    await open(0, mortal)
      .due(100)
      .catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 10));
    clock.at += 120_000;
    const rest = (await open().due(100)).map(({ key }) => key.pipelineId);
    expect(rest.sort()).toEqual(ids.toSorted());
  }
});

test("a put that R2 refuses for its rate is somebody else's claim", async () => {
  const { store, clock, open } = world();
  const slow = () => memoryStore({ objects: store.objects, minWriteSeconds: 0.2 });
  await make(open(), { lookAt: at(START - 60_000) });
  const strict = slow();
  const lists = await Promise.all([1, 2, 3, 4].map(() => open(0, strict).due(10)));
  expect(lists.flat().length).toBe(1);
  clock.at += 120_000;
  expect((await open(0, slow()).due(10)).length).toBe(1);
});

test("a marker whose head is still on its way is nobody's to take away", async () => {
  const { store, clock, open } = world();
  await make(open());
  const late = holdable(store.objects);
  late.hold(2);
  const slow = open(0, late.store);
  const writing = slow.commit([change(KEY, { lookAt: at(START - 60_000) })]);
  await late.held();
  for (let i = 0; i < 3; i++) {
    expect(await open().due(10)).toEqual([]);
    clock.at += 60_000;
  }
  late.goOn();
  await writing;
  expect((await open().due(10)).length).toBe(1);
});

test("a sweep that is held up before it takes a marker away takes no other's of that minute", async () => {
  const { store, open } = world();
  const soon = { lookAt: at(START - 60_000) };
  await make(open(), soon);
  await land(open(), change(KEY, { lookAt: at(START + 3_600_000) }));
  const late = holdable(store.objects);
  late.hold(3);
  const sweeping = open(0, late.store).due(10);
  await late.held();
  await land(open(), change(KEY, soon));
  late.goOn();
  expect(await sweeping).toEqual([]);
  expect((await open().due(10)).length).toBe(1);
});

test("eight sweeps that overlap list few of the markers that others list, and give each pipeline to one", async () => {
  const { store, open } = world();
  const ids = Array.from({ length: 600 }, (_, i) => `nightly-${String(i).padStart(4, "0")}`);
  const effects = { lookAt: at(START - 60_000) };
  await open().commit(
    await Promise.all(ids.map((pipelineId) => saving({ ...KEY, pipelineId }, 0, "v1", { effects }))),
  );
  let listed = 0;
  const sweepAll = async () => {
    const client = memoryStore({ objects: store.objects });
    const list: typeof client.list = async (prefix, page) => {
      const found = await client.list(prefix, page);
      listed += found.keys.length;
      return found;
    };
    const backend = open(0, { ...client, list });
    const found: string[] = [];
    for (;;) {
      const due = await backend.due(64);
      found.push(...due.map(({ key }) => key.pipelineId));
      if (due.length < 64) return found;
    }
  };
  const found = (await Promise.all(Array.from({ length: 8 }, sweepAll))).flat();
  expect(found.sort()).toEqual(ids);
  // Each would list them all, if all began at the front.
  expect(listed).toBeLessThan(4 * ids.length);
}, 30_000);

test("in a crowd the oldest are given away all the same, and one sweep finds all", async () => {
  const { clock, open } = world();
  const look = async (pipelineId: string, lookAt: number) =>
    land(open(), await saving({ ...KEY, pipelineId }, 0, "v1", { effects: { lookAt: at(lookAt) } }));
  const ids = Array.from({ length: 100 }, (_, i) => `p${i}`);
  for (const id of ids) await look(id, START - 60_000);
  for (const id of ["a", "b", "c"]) await look(id, START - 600_000);
  for (let round = 0; round < 6; round++) {
    const found = (await open().due(20)).map(({ key }) => key.pipelineId);
    expect(found).toEqual(expect.arrayContaining(["a", "b", "c"]));
    expect(found.length).toBe(20);
    const rest = (await open().due(200)).map(({ key }) => key.pipelineId);
    expect([...found, ...rest].sort()).toEqual([...ids, "a", "b", "c"].sort());
    clock.at += 120_000;
    for (const id of ["a", "b", "c"]) {
      const key = { ...KEY, pipelineId: id };
      await land(open(), change(key, { lookAt: null }));
      await land(open(), change(key, { lookAt: at(START - 600_000) }));
    }
  }
}, 30_000);

test("a marker as the release before named it is found, and the next one takes its place", async () => {
  const { store, clock, open } = world();
  const { revision } = await make(open(), { lookAt: at(START - 60_000) });
  const [marker] = markers(store);
  const old = `due/${String(marker!.minute).padStart(10, "0")}/t/p/${revision}`;
  store.objects.set(old, store.objects.get(marker!.name)!);
  store.objects.delete(marker!.name);
  expect((await open().due(10)).map(({ key }) => key)).toEqual([KEY]);
  expect(store.objects.has(old)).toBe(false);
  expect(markers(store).length).toBe(1);
  clock.at += 120_000;
  expect((await open().due(10)).length).toBe(1);
});

test("one sweep makes no more calls than a list, and a get, a put and a delete for each that is due", async () => {
  for (const count of [0, 1, 7, 8, 9, 33, 64]) {
    const { store, open } = world();
    const effects = { lookAt: at(START - 60_000) };
    const keys = Array.from({ length: count }, (_, i) => ({ ...KEY, pipelineId: `p${i}` }));
    await open().commit(await Promise.all(keys.map((key) => saving(key, 0, "v1", { effects }))));
    const own = memoryStore({ objects: store.objects });
    expect((await open(0, own).due(64)).length).toBe(count);
    expect(own.calls.length).toBeLessThanOrEqual(1 + 3 * count);
  }
});

/** A commit, or a sweep, cut off before or after any of its calls; what is stopped may go on much later. */
const step = fc.record({
  what: fc.constantFrom(
    "look",
    "look",
    "clear",
    "take",
    "renew",
    "release",
    "save",
    "finish",
    "again",
    "silence",
    "sweep",
    "sweep",
  ),
  minutes: fc.integer({ min: -2, max: 12 }),
  passes: fc.nat(90),
  client: fc.nat(2),
  holds: fc.option(fc.nat(5), { nil: null }),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function effectsOf({ what, minutes }: Step, now: number): Effects {
  const ttlSeconds = 60 * Math.max(1, minutes);
  if (what === "look") return { lookAt: at(now + minutes * 60_000) };
  if (what === "clear") return { lookAt: null };
  if (what === "take") return { lease: { take: { owner: "o", ttlSeconds } } };
  if (what === "renew") return { lease: { renew: { ttlSeconds } } };
  if (what === "release") return { lease: { release: true } };
  if (what === "finish") return { status: "failed" };
  if (what === "again") return { resumed: true };
  return { settings: what === "silence" ? { recovery: { silenceSeconds: ttlSeconds } } : {} };
}

test(`${RUNS} sequences of commits and sweeps that are held up, seed ${SEED}: a head always has its marker`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { store, clock, open } = world();
      await make(open());
      const clients = [0, 45_000, -45_000].map((skew) => {
        const line = holdable(store.objects);
        return { ...line, backend: open(skew, line.store), running: Promise.resolve<unknown>(null) };
      });
      for (const each of steps) {
        clock.at += each.passes * 1000;
        const client = clients[each.client]!;
        client.goOn();
        await client.running;
        if (each.holds !== null) client.hold(each.holds);
        const fence = (await headOf(open()))!.fence;
        const commit = change(KEY, effectsOf(each, clock.at), { expect: { fence } });
        const work = each.what === "sweep" ? client.backend.due(10) : client.backend.commit([commit]);
        client.running = work.catch(() => {});
        if (each.holds === null) await client.running;
        else await new Promise((resolve) => setTimeout(resolve, 2));
        await watched(store, open(), clock.at);
      }
      for (const { goOn, running } of clients) {
        goOn();
        await running;
      }
      await watched(store, open(), clock.at);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
}, 120_000);

/** In the minute when it is due, or claimed till soon. */
async function watched(store: MemoryStore, backend: StorageBackend, now: number): Promise<void> {
  const head = (await headOf(backend))!;
  const time = dueAt(head, SLACK);
  if (time === null) return;
  const latest = Math.max(minuteOf(time), minuteOf(now) + 3);
  const own = markers(store).filter(({ revision, minute }) => revision <= head.revision && minute <= latest);
  expect(own.length, `due ${at(time)}, at ${at(now)}: ${JSON.stringify(markers(store))}`).toBeGreaterThan(0);
}
