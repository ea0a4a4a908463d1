import { describe, expect, it } from "vitest";
import { extending, saving } from "../../src/backends/contract/support.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import type { Commit } from "../../src/backends/types.ts";
import { linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { sweep } from "../../src/recovery/sweep/sweep.ts";
import {
  createCheckpoint,
  deleteCheckpoint,
  listCheckpoints,
  readCheckpoint,
} from "../../src/state/checkpoints.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { acquireLease } from "../../src/state/lease.ts";
import { deletePipeline } from "../../src/state/pipelines.ts";
import { readState, wholeOf } from "../../src/state/read.ts";
import { saveState } from "../../src/state/save.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";

const KEY: PipelineKey = { tenant: "t", pipelineId: "p" };
const SMALL = 2_000;
const LARGE = 90_000;

class Crash extends Error {}

/** A store that dies at its nth change, before or after it took effect, and stays dead. */
function mortal(objects: MemoryStore["objects"], at: number, when: "before" | "after") {
  let changes = 0;
  let dead = false;
  const store = memoryStore({
    fault(call, _key, moment) {
      if (dead) throw new Crash();
      const change = call === "put" || call === "delete";
      if (!change || moment !== when) return;
      if (++changes === at) {
        dead = true;
        throw new Crash();
      }
    },
  });
  for (const [key, object] of objects) store.objects.set(key, object);
  return { store, died: () => dead };
}

function content(seed: number, size: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const save = (
  core: Core,
  seed: number,
  size: number,
  checkpoint: "always" | "never" = "never",
  id?: string,
) =>
  saveState(core, KEY, {
    content: content(seed, size),
    contentType: "application/octet-stream",
    caller: id === undefined ? {} : { idempotencyKey: id },
    checkpoint,
  });

const open = (store: MemoryStore) => createCore({ backend: objectBackend({ store }) });

/** All that a head, its segments and checkpoints name can be read and verifies. */
async function whole(core: Core): Promise<{ version: number; seed: Uint8Array; checkpoints: string[] }> {
  const { head, content: seed } = await readState(core, KEY);
  const { data } = await listCheckpoints(core, KEY, { limit: 500 });
  for (const { checkpointId } of data) await readCheckpoint(core, KEY, checkpointId);
  expect(data.length).toBe(head.checkpointCount);
  for (const older of head.history)
    expect(await core.backend.frames(KEY, linksOf(older.frame))).not.toContain(null);
  return {
    version: head.version,
    seed: await wholeOf(seed),
    checkpoints: data.map((each) => each.checkpointId),
  };
}

interface Case {
  name: string;
  prepare: (core: Core) => Promise<void>;
  act: (core: Core) => Promise<unknown>;
  /** How many segments the act adds. */
  segments?: number;
  /** How many frames that are objects. */
  frames?: number;
  /** Of the outcome, after a second try with the same idempotency key. */
  check: (core: Core, before: Awaited<ReturnType<typeof whole>>) => Promise<void>;
}

async function many(core: Core, count: number, size: number): Promise<void> {
  for (let i = 0; i < count; i++) await save(core, i, size, "always");
}

let extension: Commit | undefined;

/** A state that grows by deltas. */
function chain({ backend }: Core) {
  let before = content(9, SMALL);
  let head: Head | null = null;
  const next = async () => {
    const after = new Uint8Array([...before, ...content(head?.version ?? 0, 2500)]);
    const commit = head ? await extending(KEY, head, before, after) : await saving(KEY, 0, after);
    before = after;
    return commit;
  };
  const grow = async () => {
    const [outcome] = await backend.commit([await next()]);
    head = outcome!.head;
  };
  return { grow, next };
}

const cases: Case[] = [
  {
    name: "a small save",
    prepare: (core) => many(core, 3, SMALL),
    act: (core) => save(core, 77, SMALL, "never", "k"),
    check: async (core, before) => expect((await whole(core)).version).toBe(before.version + 1),
  },
  {
    name: "a large save with a checkpoint",
    prepare: (core) => many(core, 3, LARGE),
    act: (core) => save(core, 77, LARGE, "always", "k"),
    check: async (core, before) => {
      const after = await whole(core);
      expect(after.version).toBe(before.version + 1);
      expect(after.checkpoints.length).toBe(before.checkpoints.length + 1);
    },
  },
  {
    name: "a save that spills and purges",
    prepare: async (core) => {
      for (let i = 0; i < 4; i++) await save(core, i, 31_000, "always");
      for (let i = 0; i < 18; i++) await save(core, i, LARGE);
    },
    act: (core) => save(core, 77, 31_000, "always", "k"),
    segments: 1,
    frames: -16,
    check: async (core, before) => {
      const after = await whole(core);
      expect(after.version).toBe(before.version + 1);
      expect(after.checkpoints.length).toBe(before.checkpoints.length + 1);
    },
  },
  {
    name: "a delta upon a chain that spills",
    prepare: async (core) => {
      const { grow, next } = chain(core);
      for (let i = 0; i < 7; i++) await grow();
      extension = await next();
    },
    act: (core) => core.backend.commit([extension!]),
    segments: 1,
    check: async (core, before) => {
      const after = await whole(core);
      expect(after.version).toBe(before.version + 1);
      expect(after.seed.length).toBe(before.seed.length + 2500);
    },
  },
  {
    name: "the end of a chain in segments",
    prepare: async (core) => {
      const { grow } = chain(core);
      for (let i = 0; i < 20; i++) await grow();
      await save(core, 1, SMALL);
    },
    act: (core) => save(core, 77, SMALL, "never", "k"),
    check: async (core, before) => {
      const after = await whole(core);
      expect(after.version).toBe(before.version + 1);
      expect((await core.backend.load(KEY))!.head.history[0]!.version).toBe(before.version);
    },
  },
  {
    name: "deleting a checkpoint in a segment",
    segments: 1,
    prepare: (core) => many(core, 9, 30_000),
    act: async (core) => {
      const { data } = await listCheckpoints(core, KEY, { limit: 500 });
      const oldest = data.find((each) => each.version === 1);
      if (oldest) await deleteCheckpoint(core, KEY, oldest.checkpointId, { idempotencyKey: "k" });
    },
    check: async (core, before) => {
      expect((await whole(core)).checkpoints).toEqual(before.checkpoints.slice(0, -1));
    },
  },
  {
    name: "a checkpoint of data",
    prepare: (core) => many(core, 2, SMALL),
    act: (core) => {
      const data = { content: content(5, LARGE), contentType: "application/octet-stream" };
      return createCheckpoint(core, KEY, { caller: { idempotencyKey: "k" }, data });
    },
    check: async (core, before) =>
      expect((await whole(core)).checkpoints.length).toBe(before.checkpoints.length + 1),
  },
  {
    name: "taking a lease",
    prepare: (core) => many(core, 1, SMALL),
    act: (core) => acquireLease(core, KEY, { owner: "o", ttlSeconds: 60, idempotencyKey: "k" }),
    check: async (core) => expect((await core.backend.load(KEY))?.head.fence).toBe(1),
  },
];

describe("object: a crash between any two store calls", () => {
  for (const { name, prepare, act, check, segments = 0, frames } of cases) {
    it(`${name}: leaves old or new, never torn; a second try applies it once`, async () => {
      const origin = memoryStore();
      await prepare(open(origin));
      const before = await whole(open(origin));
      let crashes = 0;
      for (const when of ["before", "after"] as const) {
        for (let at = 1; ; at++) {
          const { store, died } = mortal(origin.objects, at, when);
          await act(open(store)).catch(() => {});
          if (!died()) break;
          crashes++;
          const revived = revive(store);
          const seen = await whole(open(revived));
          expect([before.version, before.version + 1]).toContain(seen.version);
          await act(open(revived));
          await check(open(revived), before);
        }
      }
      expect(crashes).toBeGreaterThan(1);
      const undisturbed = revive(origin);
      await act(open(undisturbed));
      const added = (what: string) => countOf(undisturbed, what) - countOf(origin, what);
      expect(added("segments/")).toBe(segments);
      if (frames !== undefined) expect(added("frames/")).toBe(frames);
    });
  }

  it("deleting a pipeline: it is whole or gone", async () => {
    const origin = memoryStore();
    await many(open(origin), 9, 30_000);
    for (let at = 1; ; at++) {
      const { store, died } = mortal(origin.objects, at, "after");
      await deletePipeline(open(store), KEY, { idempotencyKey: "k" }).catch(() => {});
      if (!died()) break;
      const revived = revive(store);
      const head = (await open(revived).backend.load(KEY))!.head;
      if (!head.deleted) await whole(open(revived));
      await deletePipeline(open(revived), KEY, { idempotencyKey: "k" });
      expect((await open(revived).backend.load(KEY))!.head.deleted).toBe(true);
    }
  });

  it("a lease whose holder died is found by its marker, however the grant was cut off", async () => {
    for (const when of ["before", "after"] as const) {
      for (let at = 1; ; at++) {
        const origin = memoryStore();
        await many(open(origin), 1, SMALL);
        const { store, died } = mortal(origin.objects, at, when);
        await acquireLease(open(store), KEY, { owner: "o", ttlSeconds: 1 }).catch(() => {});
        const now = () => Date.now() + 600_000;
        const later = createCore({ backend: objectBackend({ store: revive(store), now }) });
        const leased = (await later.backend.load(KEY))!.head.lease !== null;
        expect((await sweep(later, { now })).interrupted).toBe(leased ? 1 : 0);
        expect((await sweep(later, { now })).interrupted).toBe(0);
        if (!died()) break;
      }
    }
  });
});

function countOf(store: MemoryStore, prefix: string): number {
  return [...store.objects.keys()].filter((key) => key.startsWith(prefix)).length;
}

function revive(store: MemoryStore): MemoryStore {
  const revived = memoryStore();
  for (const [key, object] of store.objects) revived.objects.set(key, object);
  return revived;
}
