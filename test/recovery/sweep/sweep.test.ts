import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../../src/backends/memory.ts";
import type { Head } from "../../../src/model/head.ts";
import type { PipelineKey } from "../../../src/model/ids.ts";
import { maybePrune } from "../../../src/model/maybe-prune.ts";
import { claim } from "../../../src/recovery/claims.ts";
import { pruneState } from "../../../src/recovery/retention/prune.ts";
import { createCheckpoint } from "../../../src/state/checkpoints.ts";
import type { Core } from "../../../src/state/core.ts";
import { updatePipeline } from "../../../src/state/pipelines.ts";
import { resume } from "../../../src/state/resume.ts";
import { beginUpload, saveParts, uploadPart } from "../../../src/state/uploads.ts";
import { damageable } from "../../backends/damageable.ts";
import { HOOK, service } from "./bench.ts";

const failed = { delivered: false as const, why: "the receiver answered 500", final: false, status: 500 };

describe("the sweep finds", () => {
  test("whose lease ran out, once, and fences them out", async () => {
    const s = service();
    await s.save("a");
    const { fence } = await s.lease("a");
    await s.save("b");
    await s.lease("b", 3600);
    s.pass(31);
    expect(await s.sweep()).toMatchObject({ due: 1, interrupted: 1, more: false });
    expect(await s.sweep()).toMatchObject({ due: 0, interrupted: 0 });
    expect(await s.head("a")).toMatchObject({ status: "interrupted", fence: fence + 1, lease: null });
    expect((await s.head("b")).status).toBe("running");
    await expect(s.save("a", "late", fence)).rejects.toMatchObject({ code: "fence_lost" });
    expect(await s.events("a")).toEqual(["created", "leased", "interrupted"]);
  });

  test("who fell silent without a lease, if they asked for it, and lets them go on", async () => {
    const s = service();
    await s.put("quiet", { recovery: { silenceSeconds: 100 } });
    await s.save("quiet");
    await s.save("other");
    s.pass(99);
    expect(await s.sweep()).toMatchObject({ interrupted: 0 });
    s.pass(2);
    expect(await s.sweep()).toMatchObject({ interrupted: 1 });
    expect((await s.head("quiet")).status).toBe("interrupted");
    await s.save("quiet", "alive");
    expect((await s.head("quiet")).status).toBe("running");
    s.pass(101);
    expect(await s.sweep()).toMatchObject({ interrupted: 1 });
  });

  test("who is resumed again and again and never gets on: that ends in `failed`", async () => {
    const s = service();
    await s.put("stuck", { recovery: { maxAttempts: 3 } });
    await s.save("stuck");
    for (let attempt = 1; attempt <= 3; attempt++) {
      await resume(s.core, s.key("stuck"), { owner: `w${attempt}`, ttlSeconds: 30 });
      s.pass(31);
      const { interrupted, failed } = await s.sweep();
      expect([attempt, interrupted, failed]).toEqual(attempt < 3 ? [attempt, 1, 0] : [attempt, 0, 1]);
    }
    expect(await s.head("stuck")).toMatchObject({ status: "failed", lease: null });
    expect(await s.sweep()).toMatchObject({ due: 0 });
  });

  test("progress between two resumes starts the count anew", async () => {
    const s = service();
    await s.put("slow", { recovery: { maxAttempts: 2 } });
    await s.save("slow");
    for (let attempt = 1; attempt <= 6; attempt++) {
      const { fence } = await resume(s.core, s.key("slow"), { owner: "w", ttlSeconds: 30 });
      await s.save("slow", `step ${attempt}`, fence);
      s.pass(31);
      expect(await s.sweep()).toMatchObject({ interrupted: 1, failed: 0 });
    }
  });

  test("finished pipelines whose time is over, and deletes them", async () => {
    const s = service();
    await s.put("old", { retention: { deleteAfterSeconds: 60 } });
    await s.save("old");
    await updatePipeline(s.core, s.key("old"), { status: "completed" }, {});
    s.pass(59);
    expect(await s.sweep()).toMatchObject({ deleted: 0 });
    s.pass(2);
    expect(await s.sweep()).toMatchObject({ deleted: 1 });
    expect((await s.head("old")).deleted).toBe(true);
    expect(await s.sweep()).toMatchObject({ due: 0 });
  });

  test("who has more checkpoints than it keeps, and prunes them, without being asked again and again", async () => {
    const s = service();
    await s.put("many", { retention: { keepLast: 4 } });
    for (let i = 0; i < 12; i++) {
      await s.save("many", `state ${i}`);
      await createCheckpoint(s.core, s.key("many"), { caller: {} });
    }
    const prune = {
      wanted: (head: Head) => maybePrune(head, s.now()),
      run: (core: Core, key: PipelineKey) => pruneState(core, key, { now: s.now() }),
    };
    s.clock.now = Math.max(s.clock.now, Date.now()) + 1000;
    expect(await s.sweep({ prune })).toMatchObject({ due: 1, pruned: 1 });
    expect((await s.head("many")).checkpointCount).toBeLessThanOrEqual(5);
    s.pass(1000);
    expect(await s.sweep({ prune })).toMatchObject({ due: 0 });
    expect((await s.backend.checkpoints(s.key("many"), { limit: 9 })).data[0]!.version).toBe(12);
  });

  test("what is left of an upload that was never made a state", async () => {
    const s = service();
    await s.save("a");
    s.clock.now = Math.max(s.clock.now, Date.now());
    const { uploadId } = await beginUpload(s.core, s.key("a"));
    const part = { uploadId, part: 1, content: new Uint8Array(10) };
    const { token } = await uploadPart(s.core, s.key("a"), part);
    s.pass(3000);
    expect(await s.sweep()).toMatchObject({ due: 0 });
    s.pass(4300);
    expect(await s.sweep({ collectAfterSeconds: 7200 })).toMatchObject({ due: 1 });
    const input = { uploadId, tokens: [token], sha256: "0".repeat(64), contentType: "text/plain" };
    const late = saveParts(s.core, s.key("a"), { ...input, caller: {}, checkpoint: "never" });
    await expect(late).rejects.toMatchObject({ code: "parts_missing" });
    s.pass(90_000);
    expect(await s.sweep()).toMatchObject({ due: 0 });
  });

  test("what is damaged, before it tells anybody to go on from it", async () => {
    let damage: ReturnType<typeof damageable>["damage"];
    const s = service((now) => {
      const store = damageable(memoryBackend({ now }));
      damage = store.damage;
      return store.backend;
    });
    await s.save("a", "good");
    await createCheckpoint(s.core, s.key("a"), { caller: {} });
    await s.save("a", "bad");
    const { checkpoint } = await createCheckpoint(s.core, s.key("a"), { caller: {} });
    await damage!(s.key("a"), (await s.head("a")).state!.frame, "flip");
    await s.lease("a");
    s.pass(31);
    expect(await s.sweep()).toMatchObject({ interrupted: 1, damaged: 1 });
    const record = await s.backend.checkpoint(s.key("a"), checkpoint.checkpointId);
    expect(record!.quarantinedAt).not.toBeNull();
    const resumed = await resume(s.core, s.key("a"), { owner: "w", ttlSeconds: 30 });
    expect(new TextDecoder().decode(resumed.point!.content as Uint8Array)).toBe("good");
  });
});

describe("the sweep tells owners", () => {
  async function interrupted(recovery: object = {}) {
    const s = service();
    await s.put("a", { recovery: { webhookUrl: HOOK, backoffSeconds: 10, ...recovery } });
    await s.save("a");
    await s.lease("a");
    s.pass(31);
    return s;
  }

  test("at once, in the sweep that found them, and again until they go on", async () => {
    const s = await interrupted();
    expect(await s.sweep()).toMatchObject({ interrupted: 1, woken: 1 });
    expect(s.told).toEqual([expect.objectContaining({ pipelineId: "a", fence: 2, version: 1 })]);
    s.pass(11);
    expect(await s.sweep()).toMatchObject({ woken: 1 });
    expect(s.told[1]).toEqual(s.told[0]);
    await resume(s.core, s.key("a"), { owner: "w", ttlSeconds: 3000 });
    s.pass(1000);
    expect(await s.sweep()).toMatchObject({ due: 0, woken: 0 });
  });

  test("with growing pauses, and gives up after maxAttempts with a dead letter", async () => {
    const s = await interrupted({ maxAttempts: 4 });
    s.answers.push(...Array(9).fill(failed));
    const seen = [];
    for (let minute = 0; minute < 60; minute++) {
      const { woken, delayed, deadLettered } = await s.sweep();
      if (woken + delayed + deadLettered > 0) seen.push([woken, delayed, deadLettered]);
      s.pass(60);
    }
    expect(seen).toEqual([
      [0, 1, 0],
      [0, 1, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect((await s.head("a")).care.wake).toMatchObject({ tries: 4, state: "dead" });
    expect((await s.events("a")).at(-1)).toBe("deadLettered");
    expect(s.told).toHaveLength(4);
  });

  test("no more when they say 410", async () => {
    const s = await interrupted();
    s.answers.push({ ...failed, status: 410, final: true });
    expect(await s.sweep()).toMatchObject({ interrupted: 1, deadLettered: 1 });
    s.pass(5000);
    expect(await s.sweep()).toMatchObject({ due: 0 });
  });

  test("nobody, when `auto` is off or there is no webhook", async () => {
    const s = await interrupted({ auto: false });
    expect(await s.sweep()).toMatchObject({ interrupted: 1, woken: 0 });
    s.pass(1000);
    expect(await s.sweep()).toMatchObject({ due: 0 });
  });

  test("of another interruption by another message", async () => {
    const s = await interrupted();
    await s.sweep();
    await resume(s.core, s.key("a"), { owner: "w", ttlSeconds: 30 });
    s.pass(31);
    await s.sweep();
    expect(new Set(s.told.map(({ fence }) => fence)).size).toBe(2);
  });
});

describe("the sweep is bounded, and may be cut off anywhere", () => {
  async function many(count: number) {
    const s = service();
    for (let i = 0; i < count; i++) {
      await s.save(`p${i}`);
      await s.lease(`p${i}`);
    }
    s.pass(31);
    return s;
  }

  test("by calls: the rest is left for the next ones, nobody is left out or done twice", async () => {
    const s = await many(100);
    let interrupted = 0;
    for (let sweeps = 0; sweeps < 40 && interrupted < 100; sweeps++) {
      const summary = await s.sweep({ calls: 60 });
      expect(summary.calls).toBeLessThanOrEqual(60);
      interrupted += summary.interrupted;
      s.pass(61);
    }
    expect(interrupted).toBe(100);
    for (let i = 0; i < 100; i++) expect((await s.head(`p${i}`)).fence).toBe(2);
  });

  test("eight at once interrupt each pipeline once", async () => {
    const s = await many(200);
    const summaries = await Promise.all(Array.from({ length: 8 }, () => s.sweep()));
    expect(summaries.reduce((sum, { interrupted }) => sum + interrupted, 0)).toBe(200);
    for (let i = 0; i < 200; i++) {
      expect((await s.head(`p${i}`)).fence).toBe(2);
      expect((await s.events(`p${i}`)).filter((type) => type === "interrupted")).toHaveLength(1);
    }
  });

  test("owners who do not answer keep nobody else's pipelines from being interrupted", async () => {
    const s = service();
    for (let i = 0; i < 60; i++) {
      await s.put(`p${i}`, { recovery: { webhookUrl: HOOK } });
      await s.save(`p${i}`);
      await s.lease(`p${i}`);
    }
    s.pass(31);
    let tried = 0;
    const summary = await s.sweep({
      wake: async () => {
        tried++;
        await new Promise((resolve) => setTimeout(resolve, 100));
        s.pass(1);
        return { delivered: false, why: "no answer within 10 s", final: false };
      },
    });
    expect(summary).toMatchObject({ interrupted: 60, woken: 0 });
    // After 20 s none is begun.
    expect(tried).toBeLessThan(60);
    s.pass(3600);
    expect(await s.sweep()).toMatchObject({ woken: 60 });
  });

  test("without a webhook any more, its message goes", async () => {
    const s = service();
    await s.put("a", { recovery: { webhookUrl: HOOK } });
    await s.save("a");
    await s.lease("a");
    s.pass(31);
    await s.sweep({ wake: async () => ({ delivered: false, why: "down", final: false }) });
    await s.put("a", { recovery: {} });
    s.pass(3600);
    await s.sweep();
    const { care, lookAt } = await s.head("a");
    expect([care.wake, lookAt]).toEqual([null, null]);
  });

  test("a pipeline that cannot be written does not keep the others", async () => {
    const s = await many(5);
    const { commit } = s.backend;
    s.backend.commit = async (commits) => {
      if (commits[0]!.key.pipelineId === "p2") throw new Error("no");
      return commit(commits);
    };
    expect(await s.sweep()).toMatchObject({ due: 5, interrupted: 4 });
  });
});

describe("claims", () => {
  test("each interrupted pipeline goes to one of many claimers, of one name or several", async () => {
    const s = service();
    for (let i = 0; i < 30; i++) {
      await s.save(`p${i}`);
      await s.lease(`p${i}`);
    }
    s.pass(31);
    await s.sweep();
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        claim(s.core, "acme", { owner: i < 5 ? "same" : `w${i}`, ttlSeconds: 60, limit: 30 }),
      ),
    );
    const ids = claims.flat().map(({ pipelineId }) => pipelineId);
    expect(ids).toHaveLength(30);
    expect(new Set(ids).size).toBe(30);
    for (const { pipelineId, fence } of claims.flat()) expect((await s.head(pipelineId)).fence).toBe(fence);
    expect(await claim(s.core, "acme", { owner: "late", ttlSeconds: 60 })).toEqual([]);
  });

  test("only of the kinds that are asked for, of the own tenant, as many as wanted", async () => {
    const s = service();
    for (const id of ["a1", "a2", "b1"]) {
      await s.put(id, { kind: id[0]! });
      await s.save(id);
      await s.lease(id);
    }
    s.pass(31);
    await s.sweep();
    expect(await claim(s.core, "other", { owner: "w", ttlSeconds: 60, limit: 9 })).toEqual([]);
    const [b] = await claim(s.core, "acme", { owner: "w", ttlSeconds: 60, kinds: ["b"], limit: 9 });
    expect(b!.pipelineId).toBe("b1");
    expect(await claim(s.core, "acme", { owner: "w", ttlSeconds: 60, kinds: ["a"], limit: 1 })).toHaveLength(
      1,
    );
  });
});
