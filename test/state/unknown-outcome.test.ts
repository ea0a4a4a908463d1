import { describe, expect, test } from "vitest";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { CairnError, OutcomeUnknown } from "../../src/model/errors.ts";
import { createCheckpoint } from "../../src/state/checkpoints.ts";
import { createCore } from "../../src/state/core.ts";
import { acquireLease } from "../../src/state/lease.ts";
import { getPipeline } from "../../src/state/pipelines.ts";
import { readState } from "../../src/state/read.ts";
import { saveState } from "../../src/state/save.ts";
import type { Fault } from "../backends/flaky.ts";
import { bench, eventTypes, KEY, save, textOf } from "./core.ts";

const courses: Fault[][] = [
  ["before"],
  ["after"],
  ["late"],
  ["before", "before"],
  ["before", "after"],
  ["late", "after"],
  ["before", "late"],
];

describe("a write whose outcome is unknown is applied once, and its caller is told the truth", () => {
  test.each(courses)("a save: %j, %j", async (...faults) => {
    const { core, plan } = bench();
    await save(core, "first");
    plan(...faults.filter(Boolean));
    const { result, created } = await save(core, "second");
    expect([result.version, created]).toEqual([2, false]);
    expect(textOf((await readState(core, KEY)).content)).toBe("second");
    expect((await save(core, "third")).result.version).toBe(3);
  });

  test.each(courses)("a first save: %j, %j", async (...faults) => {
    const { core, plan } = bench();
    plan(...faults.filter(Boolean));
    const { result, created } = await save(core, "first", { checkpoint: true });
    expect([result.version, created]).toEqual([1, true]);
    expect(await eventTypes(core)).toEqual(["created", "checkpointed"]);
  });

  test.each(courses)("a checkpoint and a lease: %j, %j", async (...faults) => {
    const { core, plan } = bench();
    await save(core, "first");
    plan(...faults.filter(Boolean));
    const { checkpoint } = await createCheckpoint(core, KEY, { caller: {} });
    plan(...faults.filter(Boolean));
    const { lease } = await acquireLease(core, KEY, { owner: "one", ttlSeconds: 30 });
    expect([checkpoint.sequence, lease.fence]).toEqual([1, 1]);
    const view = await getPipeline(core, KEY);
    expect([view.checkpointCount, view.fence]).toEqual([1, 1]);
  });

  test.each(courses)("never a conflict for a conditional save that landed: %j, %j", async (...faults) => {
    const { core, plan } = bench();
    await save(core, "first");
    plan(...faults.filter(Boolean));
    const saved = await saveState(core, KEY, {
      content: new TextEncoder().encode("second"),
      contentType: "text/plain",
      caller: {},
      checkpoint: "never",
      precondition: { versions: [1] },
    });
    expect(saved.result.version).toBe(2);
  });
});

describe("when it cannot be found out", () => {
  test("the caller is told so, and the same key finds out later", async () => {
    const { core, plan } = bench();
    await save(core, "first");
    plan("before", "before", "before");
    const lost = save(core, "second", { idempotencyKey: "k" });
    await expect(lost).rejects.toMatchObject({ code: "outcome_unknown", facts: { retryAfterSeconds: 1 } });
    plan();
    const { result, replayed } = await save(core, "second", { idempotencyKey: "k" });
    expect([result.version, replayed]).toEqual([2, false]);
  });

  test("a write that arrives after its caller has given up is found by the same key", async () => {
    const { core, plan } = bench();
    await save(core, "first");
    plan("before", "before", "late");
    await expect(save(core, "second", { idempotencyKey: "k" })).rejects.toMatchObject({
      code: "outcome_unknown",
    });
    plan();
    const again = await save(core, "second", { idempotencyKey: "k" });
    expect([again.result.version, again.replayed]).toEqual([2, true]);
    expect(textOf((await readState(core, KEY)).content)).toBe("second");
  });

  test("the store that cannot be read back either is an unknown outcome, not a failure", async () => {
    const { backend } = bench();
    await save(createCore({ backend }), "first");
    const deaf: StorageBackend = {
      ...backend,
      commit: () => Promise.reject(new OutcomeUnknown("cut")),
      load: () => Promise.reject(new CairnError("backend_unavailable", "down")),
    };
    const core = createCore({ backend: deaf });
    core.heads.put(KEY, (await backend.load(KEY))!.head);
    await expect(save(core, "x")).rejects.toMatchObject({ code: "outcome_unknown" });
  });

  test("an error that says nothing landed is passed on, and nothing is sent again", async () => {
    const { backend } = bench();
    let sent = 0;
    const down: StorageBackend = {
      ...backend,
      commit() {
        sent += 1;
        return Promise.reject(new CairnError("backend_unavailable", "down"));
      },
    };
    await expect(save(createCore({ backend: down }), "x")).rejects.toMatchObject({
      code: "backend_unavailable",
    });
    expect(sent).toBe(1);
  });
});

describe("when others write in between", () => {
  /** The first commit's answer is lost, and `meanwhile` runs before it is looked for. */
  function interrupted(landed: boolean, meanwhile: (backend: StorageBackend) => Promise<unknown>) {
    const { backend } = bench();
    let cut = false;
    const commit = async (commits: readonly Commit[]) => {
      if (!cut) return backend.commit(commits);
      cut = false;
      if (landed) await backend.commit(commits);
      await meanwhile(backend);
      throw new OutcomeUnknown("cut");
    };
    const core = createCore({ backend: { ...backend, commit } });
    return {
      core,
      backend,
      cut: () => {
        cut = true;
      },
    };
  }

  test("a save that landed is told its own version", async () => {
    const { core, cut } = interrupted(true, (backend) => save(createCore({ backend }), "theirs"));
    await save(core, "first");
    cut();
    expect((await save(core, "mine")).result.version).toBe(2);
    expect(textOf((await readState(core, KEY)).content)).toBe("theirs");
  });

  test("a save that did not land comes after theirs", async () => {
    const { core, cut } = interrupted(false, (backend) => save(createCore({ backend }), "theirs"));
    await save(core, "first");
    cut();
    expect((await save(core, "mine")).result.version).toBe(3);
    expect(textOf((await readState(core, KEY)).content)).toBe("mine");
  });

  test("a conditional save that did not land is refused, and stays undone", async () => {
    const { core, cut } = interrupted(false, (backend) => save(createCore({ backend }), "theirs"));
    await save(core, "first");
    cut();
    const mine = saveState(core, KEY, {
      content: new TextEncoder().encode("mine"),
      contentType: "text/plain",
      caller: {},
      checkpoint: "never",
      precondition: { versions: [1] },
    });
    await expect(mine).rejects.toMatchObject({ code: "precondition_failed", facts: { version: 2 } });
    expect(textOf((await readState(core, KEY)).content)).toBe("theirs");
  });

  test("a writer that was fenced out meanwhile is told so", async () => {
    const take = (backend: StorageBackend) =>
      acquireLease(createCore({ backend }), KEY, { owner: "one", ttlSeconds: 30 });
    const { core, cut } = interrupted(false, take);
    await save(core, "first");
    const { lease } = await acquireLease(core, KEY, { owner: "one", ttlSeconds: 30 });
    cut();
    await expect(save(core, "mine", { fence: lease.fence })).rejects.toMatchObject({ code: "fence_lost" });
  });
});
