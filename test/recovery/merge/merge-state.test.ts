import { describe, expect, it } from "vitest";
import { depthOf } from "../../../src/model/chain.ts";
import { CairnError } from "../../../src/model/errors.ts";
import type { MergePolicy } from "../../../src/model/pipeline.ts";
import { mergeState } from "../../../src/recovery/merge/merge-state.ts";
import { type Core, createCore } from "../../../src/state/core.ts";
import { acquireLease } from "../../../src/state/lease.ts";
import { StateManager } from "../../../src/state/manager.ts";
import { deletePipeline, registerPipeline } from "../../../src/state/pipelines.ts";
import { readState } from "../../../src/state/read.ts";
import { saveState } from "../../../src/state/save.ts";
import type { Fault } from "../../backends/flaky.ts";
import { bench, KEY, textOf } from "../../state/core.ts";

const encoded = (text: string) => new TextEncoder().encode(text);

interface Options {
  fence?: number;
  idempotencyKey?: string;
  checkpoint?: "always" | "never";
  contentType?: string;
  maxBytes?: number;
}

function merge(core: Core, version: number, text: string, options: Options = {}) {
  const { checkpoint = "never", contentType = "application/json", maxBytes = 1e6, ...caller } = options;
  return mergeState(core, KEY, {
    version,
    content: encoded(text),
    contentType,
    maxBytes,
    caller,
    checkpoint,
  });
}

function save(core: Core, text: string, options: Omit<Options, "maxBytes"> = {}) {
  const { checkpoint = "never", contentType = "application/json", ...caller } = options;
  return saveState(core, KEY, { content: encoded(text), contentType, caller, checkpoint });
}

const stateOf = async (core: Core) => textOf((await readState(core, KEY)).content);
const headOf = async (core: Core) => (await core.backend.load(KEY))!.head;

async function declare(core: Core, policy: MergePolicy) {
  await registerPipeline(core, KEY, { merge: policy }, {});
}

async function refused(work: Promise<unknown>): Promise<CairnError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CairnError);
  return error as CairnError;
}

/** JSON of some size that does not compress, whose `step` tells its version. */
function big(step: number, more: object = {}): string {
  let x = 7;
  const noise = Array.from({ length: 300 }, () => {
    x = (x * 1103515245 + 12345) % 2147483648;
    return x.toString(36);
  });
  return JSON.stringify({ step, noise, ...more });
}

describe("a merge", () => {
  it("saves as it is what was made from the current version, in one call to the store", async () => {
    const { core } = bench();
    await save(core, '{"a":1}');
    const calls: string[] = [];
    const backend = new Proxy(core.backend, {
      get(target, name: keyof typeof core.backend) {
        if (typeof target[name] === "function") calls.push(name);
        return target[name];
      },
    });
    const { result, created } = await merge({ ...core, backend }, 1, '{ "a": 2.0 }');
    expect([result.version, result.bytes, created]).toEqual([2, 12, false]);
    expect(calls).toEqual(["commit"]);
    expect(await stateOf(core)).toBe('{ "a": 2.0 }');
  });

  it("puts together what both changed, and says what was saved", async () => {
    const { core } = bench();
    await save(core, '{"a":1,"b":1,"big":12345678901234567890}');
    await save(core, '{"a":2,"b":1,"big":12345678901234567890}');
    const saved = await merge(core, 1, '{"a":1,"b":2.0,"big":12345678901234567890,"c":[1]}', {
      checkpoint: "always",
    });
    const text = '{"a":2,"b":2.0,"big":12345678901234567890,"c":[1]}';
    expect(await stateOf(core)).toBe(text);
    const { state } = await readState(core, KEY);
    expect(saved).toMatchObject({ created: false, replayed: false });
    expect(saved.result).toMatchObject({ version: 3, bytes: text.length, sha256: state.sha256 });
    expect(saved.result.checkpoint).toMatchObject({ version: 3, source: "state" });
  });

  it("that clashes says where, and changes nothing", async () => {
    const { core } = bench();
    await save(core, '{"a":1,"x":{"b":1},"c":1}');
    await save(core, '{"a":2,"x":{"b":2},"c":1}');
    const { revision } = await headOf(core);
    const error = await refused(merge(core, 1, '{"a":3,"x":{"b":3},"c":3}'));
    expect(error.code).toBe("merge_conflict");
    expect(error.facts.version).toBe(2);
    expect(error.facts.errors).toEqual([
      { pointer: "/a", message: expect.any(String) },
      { pointer: "/x/b", message: expect.any(String) },
    ]);
    expect((await headOf(core)).revision).toBe(revision);
  });

  it("is settled by the pipeline's policy", async () => {
    const { core } = bench();
    await save(core, '{"n":10,"tags":["a"],"best":1,"by":"x"}');
    await declare(core, { "/n": "sum", "/tags": "union", "/best": "max", "/by": "theirs" });
    await save(core, '{"n":11,"tags":["a","b"],"best":5,"by":"y"}');
    await merge(core, 1, '{"n":13,"tags":["a","c"],"best":3,"by":"z"}');
    expect(await stateOf(core)).toBe('{"n":14,"tags":["a","b","c"],"best":5,"by":"z"}');
  });

  it("loses none of many from one version, by two processes", async () => {
    const { core, backend } = bench();
    const cores = [core, createCore({ backend })];
    await save(core, '{"n":0,"done":{}}', { checkpoint: "always" });
    await declare(core, { "/n": "sum" });
    const saves = Array.from({ length: 40 }, (_, i) =>
      merge(cores[i % 2]!, 1, JSON.stringify({ n: 1, done: { [`k${i}`]: i } })),
    );
    const versions = (await Promise.all(saves)).map(({ result }) => result.version);
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 2));
    const { n, done } = JSON.parse(await stateOf(core));
    expect([n, Object.keys(done).length]).toEqual([40, 40]);
  });
});

describe("the version that a merge is made from", () => {
  it("may be any of the current chain", async () => {
    const { core } = bench();
    for (let step = 1; step <= 12; step++) await save(core, big(step));
    const { state, history } = await headOf(core);
    expect(depthOf(state!.frame)).toBe(11);
    expect(history).toHaveLength(1);
    await merge(core, 3, big(3, { mine: true }));
    expect(await stateOf(core)).toBe(big(12, { mine: true }));
    await merge(core, 1, big(1, { other: true }));
    expect(JSON.parse(await stateOf(core))).toMatchObject({ step: 12, mine: true, other: true });
  });

  it("may be kept by a checkpoint, or in the chain of one", async () => {
    const { core } = bench();
    for (let step = 1; step <= 4; step++) await save(core, big(step));
    await save(core, big(5), { checkpoint: "always" });
    // Without its content at hand, a process saves whole.
    const other = () => createCore({ backend: core.backend });
    for (let step = 6; step <= 9; step++) await save(other(), big(step));
    await merge(other(), 5, big(5, { five: true }));
    await merge(other(), 2, big(2, { two: true }));
    expect(JSON.parse(await stateOf(core))).toMatchObject({ step: 9, five: true, two: true });
  });

  it("that is not kept any more, or was never, is a failed precondition", async () => {
    const { core } = bench();
    const other = () => createCore({ backend: core.backend });
    for (let step = 1; step <= 4; step++) await save(other(), big(step));
    const gone = await refused(merge(other(), 1, "{}"));
    expect([gone.code, gone.facts.version]).toEqual(["precondition_failed", 4]);
    expect(gone.message).toContain("not kept any more");
    const never = await refused(merge(other(), 9, "{}"));
    expect([never.code, never.facts.version]).toEqual(["precondition_failed", 4]);
    expect((await headOf(core)).version).toBe(4);
  });

  it("that is damaged is not used, and a damaged state is not merged with", async () => {
    const { core, damage } = bench();
    await save(core, big(1));
    await save(createCore({ backend: core.backend }), big(2));
    const { state, history } = await headOf(core);
    damage(history[0]!.frame);
    expect((await refused(merge(core, 1, big(1)))).code).toBe("precondition_failed");
    damage(state!.frame);
    expect((await refused(merge(core, 1, big(1)))).code).toBe("unrecoverable");
  });
});

describe("a merge is a save like any other", () => {
  it("repeated, it answers as the first time", async () => {
    const { core } = bench();
    await save(core, '{"a":1,"b":1}');
    await save(core, '{"a":2,"b":1}');
    const options = { idempotencyKey: "once" };
    const first = await merge(core, 1, '{"a":1,"b":2}', options);
    await save(core, '{"a":9,"b":9}');
    const again = await merge(core, 1, '{"a":1,"b":2}', options);
    expect(again).toEqual({ ...first, replayed: true });
    expect((await headOf(core)).version).toBe(4);
    expect((await refused(merge(core, 1, '{"a":1,"b":3}', options))).code).toBe("idempotency_mismatch");
    expect((await refused(merge(core, 2, '{"a":1,"b":2}', options))).code).toBe("idempotency_mismatch");
  });

  const courses: Fault[][] = [["before"], ["after"], ["late"], ["before", "after"], ["late", "after"]];
  it.each(courses)("lands once when outcomes are unknown: %j, %j", async (...faults) => {
    const planned = faults.filter(Boolean);
    for (const moved of [false, true]) {
      const { core, plan } = bench();
      await save(core, '{"n":1,"b":1}');
      await declare(core, { "/n": "sum" });
      if (moved) await save(core, '{"n":5,"b":1}');
      plan(...planned);
      const { result } = await merge(core, 1, '{"n":2,"b":1}');
      expect(result.version).toBe(moved ? 3 : 2);
      expect(await stateOf(core)).toBe(`{"n":${moved ? 6 : 2},"b":1}`);
    }
  });

  it("needs the fence of a live lease before it says what clashes", async () => {
    const { core } = bench();
    await save(core, '{"a":1,"b":1}');
    const { lease } = await acquireLease(core, KEY, { owner: "one", ttlSeconds: 60 });
    await save(core, '{"a":2,"b":1}', { fence: lease.fence });
    for (const text of ['{"a":3,"b":1}', '{"a":1,"b":2}']) {
      expect((await refused(merge(core, 1, text))).code).toBe("lease_held");
      expect((await refused(merge(core, 1, text, { fence: lease.fence + 1 }))).code).toBe("fence_lost");
    }
    await merge(core, 1, '{"a":1,"b":2}', { fence: lease.fence });
    expect(await stateOf(core)).toBe('{"a":2,"b":2}');
  });

  it("is for JSON alone", async () => {
    const { core } = bench();
    await save(core, "plain", { contentType: "text/plain" });
    await save(core, "{}");
    expect((await refused(merge(core, 2, "x", { contentType: "text/plain" }))).code).toBe("not_json");
    expect((await refused(merge(core, 2, "{"))).code).toBe("not_json");
    expect((await refused(merge(core, 1, "{}"))).code).toBe("not_json");
    await save(core, "plain", { contentType: "text/plain" });
    expect((await refused(merge(core, 2, "{}"))).code).toBe("not_json");
  });

  it("honours the limit of what comes out", async () => {
    const { core } = bench();
    await save(core, "{}");
    await save(core, JSON.stringify({ a: "x".repeat(60) }));
    const error = await refused(merge(core, 1, JSON.stringify({ b: "x".repeat(60) }), { maxBytes: 100 }));
    expect(error.code).toBe("too_large");
  });

  it("needs a state", async () => {
    const { core } = bench();
    expect((await refused(merge(core, 1, "{}"))).code).toBe("precondition_failed");
    await declare(core, {});
    expect((await refused(merge(core, 1, "{}"))).code).toBe("precondition_failed");
    await save(core, "{}");
    await deletePipeline(core, KEY, {});
    expect((await refused(merge(core, 1, "{}"))).code).toBe("pipeline_deleted");
  });
});

describe("StateManager", () => {
  it("merges when it is asked to", async () => {
    const manager = new StateManager();
    await manager.savePipelineState("p", { a: 1, b: 1 }, { checkpoint: "always" });
    await manager.savePipelineState("p", { a: 2, b: 1 });
    await manager.savePipelineState("p", { a: 1, b: 2 }, { ifVersion: 1, onConflict: "merge" });
    expect(await manager.loadPipelineState("p")).toMatchObject({ version: 3, state: { a: 2, b: 2 } });
    const clash = manager.savePipelineState("p", { a: 3, b: 1 }, { ifVersion: 1, onConflict: "merge" });
    await expect(clash).rejects.toMatchObject({ code: "merge_conflict" });
    const blind = manager.savePipelineState("p", {}, { onConflict: "merge" });
    await expect(blind).rejects.toMatchObject({
      code: "malformed",
      facts: { errors: [{ pointer: "/ifVersion" }] },
    });
    await manager.close();
  });
});
