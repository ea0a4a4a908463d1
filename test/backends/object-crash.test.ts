import { describe, expect, it } from "vitest";
import { objectBackend } from "../../src/backends/object/backend.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { sweep } from "../../src/recovery/sweep.ts";
import {
  createCheckpoint,
  deleteCheckpoint,
  listCheckpoints,
  readCheckpoint,
} from "../../src/state/checkpoints.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { acquireLease } from "../../src/state/lease.ts";
import { deletePipeline } from "../../src/state/pipelines.ts";
import { readState } from "../../src/state/read.ts";
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
  for (const older of head.history) {
    const [bytes] = await core.backend.frames(KEY, [older.frame]);
    expect(bytes).not.toBeNull();
  }
  return { version: head.version, seed, checkpoints: data.map((each) => each.checkpointId) };
}

interface Case {
  name: string;
  prepare: (core: Core) => Promise<void>;
  act: (core: Core) => Promise<unknown>;
  /** How many segments the act adds. */
  segments?: number;
  /** Of the outcome, after a second try with the same idempotency key. */
  check: (core: Core, before: Awaited<ReturnType<typeof whole>>) => Promise<void>;
}

async function many(core: Core, count: number, size: number): Promise<void> {
  for (let i = 0; i < count; i++) await save(core, i, size, "always");
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
      for (let i = 0; i < 20; i++) await save(core, i, LARGE);
      for (let i = 0; i < 3; i++) await save(core, i, 31_000, "always");
    },
    act: (core) => save(core, 77, 31_000, "always", "k"),
    segments: 1,
    check: async (core, before) => {
      const after = await whole(core);
      expect(after.version).toBe(before.version + 1);
      expect(after.checkpoints.length).toBe(before.checkpoints.length + 1);
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
  for (const { name, prepare, act, check, segments = 0 } of cases) {
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
      const added = countSegments(undisturbed) - countSegments(origin);
      expect(added).toBe(segments);
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
        const later = createCore({
          backend: objectBackend({ store: revive(store), now: () => Date.now() + 600_000 }),
        });
        const leased = (await later.backend.load(KEY))!.head.lease !== null;
        expect((await sweep(later)).interrupted).toBe(leased ? 1 : 0);
        expect((await sweep(later)).interrupted).toBe(0);
        if (!died()) break;
      }
    }
  });
});

function countSegments(store: MemoryStore): number {
  return [...store.objects.keys()].filter((key) => key.startsWith("segments/")).length;
}

function revive(store: MemoryStore): MemoryStore {
  const revived = memoryStore();
  for (const [key, object] of store.objects) revived.objects.set(key, object);
  return revived;
}
