import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { StateManager } from "../../src/index.ts";
import { applyJsonPatch } from "../../src/model/json/json-patch.ts";
import { parseLossless, stringifyLossless } from "../../src/model/json/lossless.ts";
import type { JsonValue } from "../../src/model/json/value.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { diffCheckpoints } from "../../src/state/diff.ts";
import { saveState } from "../../src/state/save.ts";
import { frameSharing } from "../../src/state/shared-frames.ts";
import { jsonText } from "../model/json/arbitrary.ts";
import { sorted } from "../model/json/documents.ts";
import { bench, KEY } from "./core.ts";

const JSON_TYPE = "application/json";

/** Saves text with a checkpoint and answers its id. */
async function checkpointOf(core: Core, text: string, contentType = JSON_TYPE): Promise<string> {
  const content = new TextEncoder().encode(text);
  const { result } = await saveState(core, KEY, { content, contentType, caller: {}, checkpoint: "always" });
  return result.checkpoint!.checkpointId;
}

/** Verbs over memory, and the ids of all frames that were read. */
function watched() {
  const read: string[] = [];
  const inner = memoryBackend();
  const backend: StorageBackend = {
    ...inner,
    frames(key, links) {
      read.push(...links.map(({ frameId }) => frameId));
      return inner.frames(key, links);
    },
  };
  return { core: createCore({ backend }), backend, read };
}

describe("diffCheckpoints", () => {
  test("the patch, as it travels, makes b out of a", async () => {
    const { core } = bench();
    const print = (value: JsonValue) => stringifyLossless(sorted(value));
    const property = fc.asyncProperty(jsonText, jsonText, fc.boolean(), async (before, after, isCurrent) => {
      const [a, b] = [await checkpointOf(core, before), await checkpointOf(core, after)];
      const { patch } = await diffCheckpoints(core, KEY, a, isCurrent ? "current" : b);
      const travelled = parseLossless(JSON.stringify(patch));
      const patched = applyJsonPatch(parseLossless(before), travelled);
      expect(patched.ok && print(patched.value)).toBe(print(parseLossless(after)));
    });
    await fc.assert(property, { numRuns: 200 });
  });

  test("the bytes of a changed content add up to what it grew by, but for keys and punctuation", async () => {
    const { core } = bench();
    const values = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.jsonValue(), { minKeys: 1 });
    const property = fc.asyncProperty(values, values, async (before, after) => {
      const [a, b] = [JSON.stringify(before), JSON.stringify(after)];
      const { bytes } = await diffCheckpoints(
        core,
        KEY,
        await checkpointOf(core, a),
        await checkpointOf(core, b),
      );
      const size = (value: Record<string, unknown>) =>
        Object.values(value).reduce((sum: number, one) => sum + Buffer.byteLength(JSON.stringify(one)), 0);
      expect(Object.values(bytes).reduce((sum, one) => sum + one, 0)).toBe(size(after) - size(before));
    });
    await fc.assert(property, { numRuns: 100 });
  });

  test("equal contents are not read", async () => {
    const { core, read } = watched();
    const a = await checkpointOf(core, '{"a":1}');
    const b = await checkpointOf(core, '{"a":1}', "application/vnd.acme+json; v=2");
    for (const other of [a, b, "current"]) {
      expect(await diffCheckpoints(core, KEY, a, other)).toEqual({ patch: [], bytes: {} });
    }
    expect(read).toEqual([]);
  });

  test("no frame is read twice", async () => {
    const { core, read } = watched();
    const text = (n: number) => JSON.stringify({ rows: Array.from({ length: 2000 }, (_, i) => i % n) });
    const ids: string[] = [];
    for (const n of [7, 7, 8, 9]) ids.push(await checkpointOf(core, text(n)));
    read.length = 0;
    await diffCheckpoints(core, KEY, ids[1]!, ids[3]!);
    expect(read.length).toBeGreaterThan(0);
    expect(new Set(read).size).toBe(read.length);
  });

  test("what is said to be JSON and is not, or is too deep, is not_json", async () => {
    const { core } = bench();
    const good = await checkpointOf(core, "{}");
    for (const bad of ["{", "", '{"a":1}}', "\ufeff{}", "[".repeat(65) + "]".repeat(65)]) {
      const id = await checkpointOf(core, bad);
      for (const [a, b] of [
        [good, id],
        [id, good],
        [good, "current"],
      ] as const) {
        await expect(diffCheckpoints(core, KEY, a, b)).rejects.toMatchObject({ code: "not_json" });
      }
    }
    const other = await checkpointOf(core, "{}", "text/plain");
    await expect(diffCheckpoints(core, KEY, good, other)).rejects.toMatchObject({ code: "not_json" });
  });

  test("a damaged side is unrecoverable", async () => {
    const { core, backend, damage } = bench();
    const a = await checkpointOf(core, '{"a":1}');
    await damage((await backend.load(KEY))!.head.state!.frame);
    const b = await checkpointOf(core, '"other"');
    for (const [from, to] of [
      [a, b],
      [b, a],
      [a, "current"],
    ] as const) {
      await expect(diffCheckpoints(core, KEY, from, to)).rejects.toMatchObject({ code: "unrecoverable" });
    }
  });

  test("the state may change while it is read", async () => {
    const inner = memoryBackend();
    const steps: (() => Promise<unknown>)[] = [];
    const backend: StorageBackend = {
      ...inner,
      async load(key, options) {
        const loaded = await inner.load(key, options);
        await steps.shift()?.();
        return loaded;
      },
    };
    const core = createCore({ backend });
    const a = await checkpointOf(core, '{"a":1}');
    await checkpointOf(core, '{"a":22}');
    steps.push(() => checkpointOf(createCore({ backend: inner }), '{"a":1}'));
    expect(await diffCheckpoints(core, KEY, a, "current")).toEqual({ patch: [], bytes: {} });
    await checkpointOf(core, '{"a":22}');
    steps.push(() => checkpointOf(createCore({ backend: inner }), "text", "text/plain"));
    await expect(diffCheckpoints(core, KEY, a, "current")).rejects.toMatchObject({ code: "not_json" });
  });
});

describe("frameSharing", () => {
  const links = (...names: string[]) => names.map((frameId) => ({ frameId, storedBytes: 1 }));

  function store() {
    const asked: string[][] = [];
    const frames: StorageBackend["frames"] = async (_key, wanted) => {
      asked.push(wanted.map(({ frameId }) => frameId));
      return wanted.map(({ frameId }) => (frameId === "none" ? null : new TextEncoder().encode(frameId)));
    };
    const sharing = frameSharing(createCore({ backend: { ...memoryBackend(), frames } }));
    const names = async (core: Core, ...wanted: string[]) => {
      const found = await core.backend.frames(KEY, links(...wanted));
      return found.map((bytes) => bytes && new TextDecoder().decode(bytes));
    };
    return { asked, sharing, names };
  }

  test("readers get from one another what they have in common, in order", async () => {
    const { asked, sharing, names } = store();
    const [first, second, third] = [sharing(), sharing(), sharing()];
    const found = await Promise.all([
      names(first, "base", "one", "none"),
      names(second, "base", "one", "two"),
      names(third, "one", "none"),
    ]);
    expect(found).toEqual([
      ["base", "one", null],
      ["base", "one", "two"],
      ["one", null],
    ]);
    expect(asked).toEqual([["base", "one", "none"], ["two"]]);
  });

  test("a reader that asks again is answered by the store", async () => {
    const { asked, sharing, names } = store();
    const [first, second] = [sharing(), sharing()];
    await names(first, "base", "one");
    await names(second, "base");
    await names(second, "base", "one");
    expect(asked).toEqual([["base", "one"], ["base"]]);
  });
});

test("StateManager.diffCheckpoints", async () => {
  const manager = new StateManager({ backendType: "memory" });
  const kept = "-".repeat(100);
  await manager.savePipelineState("etl", { kept, done: ["a"] });
  const { checkpointId } = await manager.createCheckpoint("etl");
  await manager.savePipelineState("etl", { kept, done: ["a", "b"], rate: 0.1 });
  expect(await manager.diffCheckpoints("etl", checkpointId, "current")).toEqual({
    patch: [
      { op: "add", path: "/done/1", value: "b" },
      { op: "add", path: "/rate", value: 0.1 },
    ],
    bytes: { "/done": 4, "/rate": 3 },
  });
  await expect(manager.diffCheckpoints("etl", "current", checkpointId)).rejects.toMatchObject({
    code: "invalid_id",
  });
  await expect(manager.diffCheckpoints("etl", checkpointId, "x")).rejects.toMatchObject({
    code: "invalid_id",
  });
  await expect(manager.diffCheckpoints("other", checkpointId, "current")).rejects.toMatchObject({
    code: "not_found",
  });
  await manager.close();
});
