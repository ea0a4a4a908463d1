import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { fork } from "../../src/recovery/fork.ts";
import { createCheckpoint, deleteCheckpoint, listCheckpoints } from "../../src/state/checkpoints.ts";
import { createCore } from "../../src/state/core.ts";
import { deletePipeline, getPipeline, listEvents, registerPipeline } from "../../src/state/pipelines.ts";
import { resume } from "../../src/state/resume.ts";
import { bench, KEY, save } from "../state/core.ts";
import { ALL, checkpointText, encrypted, saved, savedInParts, stateOf } from "./copies.ts";

const INTO = { tenant: KEY.tenant, pipelineId: "branch" };
const TO = { pipelineId: "branch" };

const code = (code: string) => ({ code });

describe("a fork", () => {
  test("begins with the newest checkpoint, has the settings, and both say so", async () => {
    const { core } = bench();
    const settings = {
      kind: "etl",
      labels: { a: "b" },
      retention: { keepLast: 3 },
      merge: { "/n": "sum" as const },
    };
    await registerPipeline(core, KEY, settings, {});
    await saved(core, KEY, "one");
    const checkpointId = await saved(core, KEY, "two");
    await save(core, "three");
    const made = await fork(core, KEY, TO, {});
    expect(made.replayed).toBe(false);
    expect(made.forkedFrom).toEqual({ pipelineId: "nightly", checkpointId, version: 2 });
    expect(made.pipeline).toMatchObject({
      ...{ ...settings, pipelineId: "branch", version: 1, revision: 1, status: "running", attempt: 0 },
      ...{ checkpointCount: 0, lease: null, verified: true },
    });
    expect(await stateOf(core, INTO)).toBe("two");
    expect(await stateOf(core, KEY)).toBe("three");
    const [told] = (await listEvents(core, KEY, ALL)).data;
    expect(told).toMatchObject({ type: "forked", checkpointId, detail: "into branch" });
    const events = (await listEvents(core, INTO, ALL)).data.reverse();
    expect(events.map(({ type }) => type)).toEqual(["created", "forked"]);
    expect(events[1]).toMatchObject({ checkpointId, detail: "from nightly at version 2" });
  });

  test("of a named checkpoint, also of data; of the state without any; of a deep delta as a full frame", async () => {
    const { core } = bench();
    const long = Array.from({ length: 60 }, (_, i) => i ** 7).join();
    await save(core, `${long}1`);
    await save(core, `${long}2`);
    expect((await fork(core, KEY, TO, {})).forkedFrom).toMatchObject({ checkpointId: null, version: 2 });
    expect(await stateOf(core, INTO)).toBe(`${long}2`);
    expect((await core.backend.load(KEY))!.head.state!.frame.chain).toBeDefined();
    expect((await core.backend.load(INTO))!.head.state!.frame.chain).toBeUndefined();
    const first = await saved(core, KEY, "one");
    await saved(core, KEY, "two");
    await fork(core, KEY, { pipelineId: "b2", checkpointId: first }, {});
    expect(await stateOf(core, { ...INTO, pipelineId: "b2" })).toBe("one");
    const data = { content: new Uint8Array([1, 2]), contentType: "application/octet-stream" };
    const { checkpointId } = (await createCheckpoint(core, KEY, { caller: {}, data })).checkpoint;
    expect((await fork(core, KEY, { pipelineId: "b3" }, {})).forkedFrom.version).toBe(4);
    const { pipeline } = await fork(core, KEY, { pipelineId: "b4", checkpointId }, {});
    expect(pipeline).toMatchObject({ contentType: "application/octet-stream", bytes: 2 });
  });

  test("passes over what does not verify, and is refused when the one named does not", async () => {
    const { core, damage } = bench();
    await saved(core, KEY, "one");
    const second = await saved(core, KEY, "two, which is quite another text");
    await save(core, "three");
    await damage((await core.backend.checkpoint(KEY, second))!.frame);
    await expect(fork(core, KEY, { ...TO, checkpointId: second }, {})).rejects.toMatchObject(
      code("unrecoverable"),
    );
    expect(await core.backend.load(INTO)).toBeNull();
    await fork(core, KEY, TO, {});
    expect(await stateOf(core, INTO)).toBe("one");
  });

  test("of a content in parts is in parts of its own, which stay when the source goes", async () => {
    const { core } = bench();
    const text = ["first part, ", "second, ", "third"];
    await savedInParts(core, KEY, text);
    const { pipeline } = await fork(core, KEY, TO, {});
    expect(pipeline).toMatchObject({ bytes: text.join("").length, verified: true });
    expect((await core.backend.load(INTO))!.head.state!.frame.parts!.count).toBe(3);
    await deletePipeline(core, KEY, {});
    expect(await stateOf(core, INTO)).toBe(text.join(""));
  });

  test("is encrypted for its own place", async () => {
    const backend = memoryBackend();
    const core = createCore({ backend, frames: encrypted("k", 1) });
    await saved(core, KEY, "secret");
    await fork(core, KEY, TO, {});
    await savedInParts(core, KEY, ["se", "cret"]);
    await fork(core, KEY, { pipelineId: "parts" }, {});
    const fresh = createCore({ backend, frames: encrypted("k", 1) });
    expect(await stateOf(fresh, INTO)).toBe("secret");
    expect(await stateOf(fresh, { ...INTO, pipelineId: "parts" })).toBe("secret");
  });

  test("goes ahead beside a live lease, and past a lost answer", async () => {
    const { core, plan } = bench();
    await saved(core, KEY, "one");
    const { fence } = await resume(core, KEY, { owner: "w", ttlSeconds: 60 });
    plan("after");
    const made = await fork(core, KEY, TO, {});
    expect(made.replayed).toBe(false);
    expect((await listEvents(core, KEY, ALL)).data[0]).toMatchObject({ type: "forked" });
    expect((await save(core, "two", { fence })).result.version).toBe(2);
  });

  test("over a pipeline that is there is refused; a deleted one starts anew, and goes on counting", async () => {
    const { core } = bench();
    await saved(core, KEY, "one");
    await expect(fork(core, KEY, KEY, {})).rejects.toMatchObject(code("precondition_failed"));
    await registerPipeline(core, INTO, {}, {});
    await expect(fork(core, KEY, TO, {})).rejects.toMatchObject(code("precondition_failed"));
    await saved(core, INTO, "mine");
    await deletePipeline(core, INTO, {});
    const { pipeline } = await fork(core, KEY, TO, {});
    expect(pipeline).toMatchObject({ version: 2, fence: 1, checkpointCount: 0 });
    expect(await stateOf(core, INTO)).toBe("one");
  });

  test("of nothing is refused, and leaves nothing behind", async () => {
    const { core } = bench();
    await expect(fork(core, KEY, TO, {})).rejects.toMatchObject(code("not_found"));
    await registerPipeline(core, KEY, {}, {});
    await expect(fork(core, KEY, TO, {})).rejects.toMatchObject(code("not_found"));
    await save(core, "one");
    const checkpointId = "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a";
    await expect(fork(core, KEY, { ...TO, checkpointId }, {})).rejects.toMatchObject(code("not_found"));
    await expect(fork(core, { ...KEY, tenant: "other" }, TO, {})).rejects.toMatchObject(code("not_found"));
    await deletePipeline(core, KEY, {});
    await expect(fork(core, KEY, TO, {})).rejects.toMatchObject(code("pipeline_deleted"));
    expect(await core.backend.load(INTO)).toBeNull();
  });

  test("is made once by its key, also when the source has moved on; of several at once one is made", async () => {
    const { core } = bench();
    await saved(core, KEY, "one");
    const first = await fork(core, KEY, TO, { idempotencyKey: "k" });
    await saved(core, KEY, "two");
    await deletePipeline(core, KEY, {});
    const again = await fork(core, KEY, TO, { idempotencyKey: "k" });
    expect(again).toEqual({ ...first, replayed: true });
    const other = { ...TO, checkpointId: "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a" };
    await expect(fork(core, KEY, other, { idempotencyKey: "k" })).rejects.toMatchObject(
      code("idempotency_mismatch"),
    );
    const racing = await Promise.allSettled(
      Array.from({ length: 5 }, () => fork(core, INTO, { pipelineId: "raced" }, {})),
    );
    expect(racing.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const each of racing)
      if (each.status === "rejected") expect(each.reason).toMatchObject(code("precondition_failed"));
  });
});

const Action = fc.record({
  branch: fc.nat(1),
  verb: fc.constantFrom("save", "checkpoint", "delete checkpoint", "delete", "fork"),
  text: fc.string({ unit: fc.constantFrom("a", "b", "same "), maxLength: 40 }),
  which: fc.nat(5),
});

/** What one branch should have. */
interface Expected {
  text: string | null;
  checkpoints: Map<string, string>;
}

test("two branches never see each other's data", async () => {
  const run = async (actions: (typeof Action extends fc.Arbitrary<infer A> ? A : never)[]) => {
    const core = createCore({ backend: memoryBackend() });
    const keys: PipelineKey[] = [KEY, INTO];
    const common = "what both begin with, long enough for deltas upon it; ".repeat(5);
    const first = await saved(core, KEY, common);
    await fork(core, KEY, TO, {});
    const expected: Expected[] = [
      { text: common, checkpoints: new Map([[first, common]]) },
      { text: common, checkpoints: new Map() },
    ];
    for (const { branch, verb, text, which } of actions) {
      const key = keys[branch]!;
      const mine = expected[branch]!;
      const chosen = [...mine.checkpoints.keys()][which];
      const content = `${common}${branch}${text}`;
      if (verb === "delete") {
        if (mine.text !== null) await deletePipeline(core, key, {});
        expected[branch] = { text: null, checkpoints: new Map() };
      } else if (verb === "fork" && mine.text === null) {
        const other = expected[1 - branch]!;
        if (other.text === null) continue;
        await fork(core, keys[1 - branch]!, key, {});
        mine.text = [...other.checkpoints.values()].at(-1) ?? other.text;
      } else if (mine.text === null) {
      } else if (verb === "save" || verb === "checkpoint") {
        mine.checkpoints.set(await saved(core, key, content), content);
        mine.text = content;
      } else if (chosen && verb === "delete checkpoint") {
        await deleteCheckpoint(core, key, chosen, {});
        mine.checkpoints.delete(chosen);
      }
      await check(core, keys, expected);
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(Action, { maxLength: 25 }), run), { numRuns: 150 });
});

async function check(core: ReturnType<typeof createCore>, keys: PipelineKey[], expected: Expected[]) {
  const fresh = createCore({ backend: core.backend });
  for (const [i, key] of keys.entries()) {
    const { text, checkpoints } = expected[i]!;
    if (text === null) {
      await expect(getPipeline(fresh, key)).rejects.toMatchObject(code("not_found"));
      continue;
    }
    expect(await stateOf(fresh, key)).toBe(text);
    const listed = (await listCheckpoints(fresh, key, ALL)).data.map(({ checkpointId }) => checkpointId);
    expect(listed.sort()).toEqual([...checkpoints.keys()].sort());
    for (const [id, content] of checkpoints) expect(await checkpointText(fresh, key, id)).toBe(content);
  }
}
