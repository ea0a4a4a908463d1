import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StorageBackend } from "../../../src/backends/types.ts";
import { chainOf } from "../../../src/model/chain.ts";
import { CairnError } from "../../../src/model/errors.ts";
import { pruneAs, pruneState } from "../../../src/recovery/retention/prune.ts";
import { createCheckpoint, deleteCheckpoint, readCheckpoint } from "../../../src/state/checkpoints.ts";
import { createCore } from "../../../src/state/core.ts";
import { registerPipeline } from "../../../src/state/pipelines.ts";
import { readContent } from "../../../src/state/read.ts";
import { resume } from "../../../src/state/resume.ts";
import { eventTypes, KEY, save, textOf } from "../../state/core.ts";
import { chains, growing } from "../versions.ts";

type Made = Awaited<ReturnType<typeof chains>>;

async function left({ backend }: Pick<Made, "backend">) {
  return (await backend.checkpoints(KEY, { limit: 500 })).data;
}

async function leftIds(made: Pick<Made, "backend">): Promise<string[]> {
  return (await left(made)).map(({ checkpointId }) => checkpointId).reverse();
}

/** With a retention, so many checkpoints in chains of these lengths. */
async function kept(keepLast: number, ...lengths: number[]): Promise<Made> {
  const made = await chains(...lengths);
  await registerPipeline(made.core, KEY, { retention: { keepLast } }, {});
  return made;
}

function prune({ core, clock }: Made, dryRun = false) {
  return pruneState(core, KEY, { now: clock.now, dryRun });
}

describe("prune", () => {
  test("drops what no rule keeps, and nothing that these rest on", async () => {
    const made = await kept(2, 3, 3, 3);
    const { ids } = made;
    const told = await prune(made, true);
    expect(await leftIds(made)).toEqual(ids);
    const done = await prune(made);
    expect(done).toEqual(told);
    expect(done).toMatchObject({ kept: 3 });
    expect(done.dropped.map(({ checkpointId }) => checkpointId)).toEqual(
      [6, 4, 3, 2, 1, 0].map((i) => ids[i]),
    );
    expect(done.dropped.every(({ reason }) => reason === "keepLast")).toBe(true);
    // The newest of an earlier chain stays beside the newest two.
    expect(await leftIds(made)).toEqual([ids[5], ids[7], ids[8]]);
    for (const id of await leftIds(made)) await readCheckpoint(made.core, KEY, id);
    const events = await eventTypes(made.core);
    expect(events.filter((type) => type === "pruned")).toHaveLength(1);
    expect(await prune(made)).toEqual({ dropped: [], kept: 3, freedBytes: 0 });
  });

  test("tells what it freed: chains that nothing names any more", async () => {
    const made = await kept(1, 2, 2, 2);
    const [, second] = made.frames;
    expect(await prune(made)).toMatchObject({ kept: 2, freedBytes: second!.chain!.storedBytes });
    expect(await made.backend.frames(KEY, [made.frames[0]!, made.frames[2]!])).toEqual([
      null,
      expect.any(Uint8Array),
    ]);
  });

  test("reads back before anything goes; what does not verify is quarantined, and the next stays", async () => {
    const made = await kept(1, 2, 2, 2);
    const { ids, frames, damage } = made;
    await damage(frames[5]!);
    const done = await prune(made);
    expect(done.dropped.map(({ checkpointId }) => checkpointId)).toEqual([2, 1, 0].map((i) => ids[i]));
    const records = await left(made);
    expect(records.map(({ checkpointId }) => checkpointId)).toEqual([5, 4, 3].map((i) => ids[i]));
    expect(records.map(({ quarantinedAt }) => quarantinedAt !== null)).toEqual([true, false, false]);
    const resumed = await resume(made.core, KEY, { owner: "w", ttlSeconds: 10 });
    expect(textOf(resumed.point!.content)).toBe(growing(9, 0));
  });

  test("what is found damaged takes nobody's place", async () => {
    const made = await kept(2, 1, 4);
    const { ids, frames, damage } = made;
    await damage(frames[4]!);
    const { dropped } = await prune(made);
    expect(dropped.map(({ checkpointId }) => checkpointId)).toEqual([ids[1]]);
    expect(await leftIds(made)).toEqual([0, 2, 3, 4].map((i) => ids[i]));
  });

  test("drops nothing where none verifies, and changes nothing", async () => {
    const made = await kept(1, 2, 2);
    for (const frame of made.frames) await made.damage(frame);
    const before = await made.backend.load(KEY);
    expect(await prune(made)).toEqual({ dropped: [], kept: 4, freedBytes: 0 });
    expect(await made.backend.load(KEY)).toEqual(before);
  });

  test("reads nothing back where nothing would go", async () => {
    const made = await kept(9, 2, 2);
    let reads = 0;
    const counting: StorageBackend = {
      ...made.backend,
      frames: (...given) => {
        reads += 1;
        return made.backend.frames(...given);
      },
    };
    await pruneState(createCore({ backend: counting }), KEY, { now: made.clock.now });
    expect(reads).toBe(0);
  });

  test("of a pipeline with nothing but given data keeps one of it that verifies", async () => {
    const made = await kept(1, 1);
    const { core } = made;
    await deleteCheckpoint(core, KEY, made.ids[0]!, {});
    const data = { content: new Uint8Array([1]), contentType: "application/octet-stream" };
    for (let i = 0; i < 4; i++) await createCheckpoint(core, KEY, { caller: {}, data });
    expect(await prune(made)).toMatchObject({ kept: 2 });
  });

  test("leaves a healthy holder alone, and goes again when another write comes between", async () => {
    const made = await kept(2, 3, 3);
    const { core, backend, ids } = made;
    const { fence } = await resume(core, KEY, { owner: "holder", ttlSeconds: 60 });
    let between = 3;
    const busy: StorageBackend = {
      ...backend,
      async commit(commits) {
        if (between-- > 0) await save(core, `busy ${between}`, { fence, checkpoint: between === 0 });
        return backend.commit(commits);
      },
    };
    const done = await pruneState(createCore({ backend: busy }), KEY, { now: made.clock.now });
    expect(done).toMatchObject({ kept: 2 });
    const now = await leftIds(made);
    expect(now[0]).toBe(ids[5]);
    expect((await backend.load(KEY))!.head).toMatchObject({ fence, lease: { owner: "holder" }, version: 9 });
  });

  test("looks again when the holder changes between", async () => {
    const made = await kept(2, 3, 3);
    let once = true;
    const stolen: StorageBackend = {
      ...made.backend,
      async commit(commits) {
        if (once) {
          once = false;
          await resume(made.core, KEY, { owner: "thief", ttlSeconds: 60 });
        }
        return made.backend.commit(commits);
      },
    };
    const done = await pruneState(createCore({ backend: stolen }), KEY, { now: made.clock.now });
    expect(done.dropped).toHaveLength(3);
  });

  test("goes in steps of some hundred, and tells all of them, whatever comes between", async () => {
    const made = await kept(10, 1, 1);
    for (let i = 0; i < 598; i++) await createCheckpoint(made.core, KEY, { caller: {} });
    let commits = 0;
    const counting: StorageBackend = {
      ...made.backend,
      async commit(given) {
        commits += 1;
        if (commits === 2) await save(made.core, "meanwhile");
        return made.backend.commit(given);
      },
    };
    const done = await pruneState(createCore({ backend: counting }), KEY, { now: made.clock.now });
    expect(done.dropped).toHaveLength(589);
    expect(new Set(done.dropped.map(({ checkpointId }) => checkpointId)).size).toBe(589);
    expect(done.kept).toBe(11);
    expect(commits).toBe(4);
    const { data } = await made.backend.events(KEY, { limit: 500 });
    const told = data.filter(({ type }) => type === "pruned").map(({ detail }) => detail);
    expect(told).toEqual(["89 checkpoints", "250 checkpoints", "250 checkpoints"]);
    expect(await leftIds(made)).toHaveLength(11);
    expect(done.freedBytes).toBe(0);
  });

  test("broken off between its steps, it has dropped the oldest", async () => {
    const made = await kept(10, 1, 1);
    for (let i = 0; i < 298; i++) await createCheckpoint(made.core, KEY, { caller: {} });
    let commits = 0;
    const dying: StorageBackend = {
      ...made.backend,
      async commit(given) {
        if (++commits > 1) throw new CairnError("backend_unavailable", "gone");
        return made.backend.commit(given);
      },
    };
    const broken = pruneState(createCore({ backend: dying }), KEY, { now: made.clock.now });
    await expect(broken).rejects.toMatchObject({ code: "backend_unavailable" });
    const sequences = (await left(made)).map(({ sequence }) => sequence);
    expect(sequences).toEqual([...Array.from({ length: 49 }, (_, i) => 300 - i), 1]);
    expect((await prune(made)).dropped).toHaveLength(39);
  });

  test("a commit whose outcome is unknown is found again, and counted once", async () => {
    const made = await kept(2, 3, 3);
    made.plan("after");
    expect((await prune(made)).dropped).toHaveLength(3);
    expect(await left(made)).toHaveLength(3);
    expect((await eventTypes(made.core)).filter((type) => type === "pruned")).toHaveLength(1);
  });

  test("of what is not there, or deleted", async () => {
    const made = await kept(2, 1);
    const other = { ...KEY, pipelineId: "other" };
    await expect(pruneState(made.core, other)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("whatever is damaged and whatever is asked", () => {
  const situations = fc.record({
    lengths: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    damaged: fc.array(fc.nat(11), { maxLength: 5 }),
    later: fc.integer({ min: 0, max: 200_000 }),
    retention: fc.record(
      {
        keepLast: fc.integer({ min: 1, max: 4 }),
        keepForSeconds: fc.integer({ min: 0, max: 10 }),
        maxBytes: fc.integer({ min: 0, max: 9000 }),
        thin: fc.boolean(),
      },
      { requiredKeys: ["keepLast"] },
    ),
  });

  /** Checkpoints that verify, oldest first. */
  async function whole({ core, backend }: Pick<Made, "core" | "backend">) {
    const found = [];
    const { data } = await backend.checkpoints(KEY, { limit: 500 });
    for (const record of data.reverse())
      if ((await readContent(core, KEY, record, { thorough: true })).ok) found.push(record);
    return found;
  }

  test(
    "the newest that verifies stays, and the newest such one of an earlier chain",
    { timeout: 60_000 },
    () =>
      fc.assert(
        fc.asyncProperty(situations, async ({ lengths, damaged, later, retention }) => {
          const made = await chains(...lengths);
          for (const i of damaged) if (made.frames[i]) await made.damage(made.frames[i]);
          await registerPipeline(made.core, KEY, { retention }, {});
          const before = await whole(made);
          const newest = before.at(-1);
          const earlier = before.findLast(({ frame }) => chainOf(frame) !== chainOf(newest!.frame));
          made.clock.now += later * 1000;
          const { dropped } = await prune(made);
          const after = new Set((await whole(made)).map(({ checkpointId }) => checkpointId));
          if (!newest) expect(dropped).toEqual([]);
          for (const rested of [newest, earlier]) if (rested) expect(after).toContain(rested.checkpointId);
          // Nothing that is left lost a frame.
          const gone = new Set(dropped.map(({ checkpointId }) => checkpointId));
          const left = before.filter(({ checkpointId }) => !gone.has(checkpointId));
          expect(after).toEqual(new Set(left.map(({ checkpointId }) => checkpointId)));
        }),
        { numRuns: 60 },
      ),
  );
});

describe("prune as a caller's write", () => {
  test("needs the fence, and sent again tells what went the first time", async () => {
    const made = await chains(2, 2, 2);
    const { fence } = await resume(made.core, KEY, { owner: "holder", ttlSeconds: 60 });
    const by = (caller: object) => pruneAs(made.core, KEY, { keepLast: 1 }, caller);
    await expect(by({})).rejects.toMatchObject({ code: "lease_held" });
    await expect(by({ fence: fence - 1 })).rejects.toMatchObject({ code: "fence_lost" });
    expect(await left(made)).toHaveLength(6);
    const caller = { fence, idempotencyKey: "once" };
    expect(await by(caller)).toEqual({ deleted: 4, replayed: false });
    expect(await by(caller)).toEqual({ deleted: 4, replayed: true });
    await expect(pruneAs(made.core, KEY, { keepLast: 2 }, caller)).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    expect(await by({ fence })).toEqual({ deleted: 0, replayed: false });
  });
});
