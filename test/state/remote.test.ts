import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { Cairn } from "../../src/client/index.ts";
import {
  inProcess,
  SimpleStateManager,
  StateManager,
  StateManagerError,
  type StateManagerOptions,
  StateMonitor,
  StateRecovery,
} from "../../src/index.ts";
import { problem, startService } from "../client/service.ts";
import { WAYS } from "../support/ways.ts";

const local = () => new Cairn(inProcess({ backend: memoryBackend() }));

describe.each(WAYS)("a StateManager %s", (_name, way) => {
  const made = () => new StateManager(way(memoryBackend()));

  it("merges, decides by its strategy, and keeps what a save was for", async () => {
    const backend = memoryBackend();
    const manager = new StateManager({ ...way(backend), checkpointStrategy: "event" });
    await manager.savePipelineState("p", { a: 1 });
    const saved = await manager.savePipelineState("p", { a: 1, b: 1 }, { situation: { progress: 0.3 } });
    expect(saved).toMatchObject({ checkpoint: null, decision: { strategy: "event", checkpoint: false } });
    const situation = { task: { name: "train", criticality: 0.25, seconds: 2, fanOut: 3 }, event: "epoch" };
    const merged = await manager.savePipelineState(
      ...(["p", { a: 1, c: 1 }, { ifVersion: 1, onConflict: "merge", situation, label: "m" }] as const),
    );
    expect(merged).toMatchObject({ version: 3, checkpoint: { label: "m", metadata: { task: "train" } } });
    expect((await manager.loadPipelineState("p"))?.state).toEqual({ a: 1, b: 1, c: 1 });
    const clash = manager.savePipelineState("p", { a: 1, b: 1, c: 2 }, { ifVersion: 2, onConflict: "merge" });
    await expect(clash).rejects.toMatchObject({
      ...{ name: "StateManagerError", code: "merge_conflict", status: 409 },
      facts: { version: 3, errors: [{ pointer: "/c" }] },
    });
  });

  it("a write with its key is made once; what differs is refused", async () => {
    const manager = made();
    const options = { idempotencyKey: "k" };
    const first = await manager.savePipelineState("p", { n: 1 }, options);
    expect(await manager.savePipelineState("p", { n: 1 }, options)).toEqual(first);
    await expect(manager.savePipelineState("p", { n: 2 }, options)).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    expect(first).toMatchObject({ version: 1 });
    expect((await manager.loadPipelineState("p"))?.savedAt).toBe((first as { savedAt: string }).savedAt);
  });

  it("resumes with the state, or with none; data of a checkpoint is restored when it is named", async () => {
    const manager = made();
    const recovery = new StateRecovery({ manager });
    await manager.savePipelineState("p", { n: 1 });
    const { checkpointId } = await manager.createCheckpoint("p", { data: { other: [1, null] } });
    const taken = await manager.resumePipeline("p", { owner: "w", ttlSeconds: 30 });
    expect(Object.keys(taken).sort()).toEqual([
      ...["attempt", "checkpointId", "contentType", "expiresAt", "fence", "owner", "pipelineId", "state"],
      "version",
    ]);
    expect(taken).toMatchObject({ pipelineId: "p", owner: "w", state: { n: 1 }, version: 1 });
    await recovery.recoverPipeline("p", { checkpointId, fence: taken.fence });
    expect((await manager.loadPipelineState("p"))?.state).toEqual({ other: [1, null] });
    const { patch } = await manager.diffCheckpoints("p", checkpointId, "current");
    expect(patch).toEqual([]);
    await expect(manager.resumePipeline("p", { owner: "x" })).rejects.toMatchObject({
      ...{ name: "StateManagerError", code: "lease_held" },
      facts: { retryAfterSeconds: expect.any(Number) },
    });
    await expect(manager.resumePipeline("none", { owner: "x" })).rejects.toMatchObject({ code: "not_found" });
    await manager.deletePipeline("p", { force: true });
    await expect(manager.savePipelineState("p", 1)).rejects.toMatchObject({ code: "pipeline_deleted" });
    expect(await manager.shouldCheckpoint("none").catch(({ code }) => code)).toBe("not_found");
  });

  it("tells its monitor and that of the service", async () => {
    const manager = made();
    const monitor = new StateMonitor({ manager });
    await manager.savePipelineState("p", 1, { checkpoint: "always" });
    expect(await monitor.getStateMetrics()).toMatchObject({ pipelines: { running: 1 }, checkpoints: 1 });
    await manager.close();
    await expect(monitor.getStateMetrics()).rejects.toMatchObject({ code: "backend_unavailable" });
  });

  it("has a simple face", async () => {
    const states = new SimpleStateManager(way(memoryBackend()));
    await states.save("b", { n: 1 });
    expect(await states.list()).toEqual(["b"]);
    expect(await states.delete("b")).toBe(true);
    expect(await states.delete("b")).toBe(false);
    await states.save("b", "again");
    expect(await states.load("b")).toBe("again");
  });
});

describe("through a service", () => {
  it("nothing may be said of a store", () => {
    const given = {
      tenant: "a",
      batchSize: 2,
      compressionLevel: 1,
      encryptionKeys: "[]",
      backendType: "memory",
    };
    for (const [name, value] of Object.entries(given)) {
      const open = () => new StateManager({ client: local(), [name]: value } as StateManagerOptions);
      expect(open).toThrow(StateManagerError);
      expect(open).toThrow(`/${name}: is the service's to say`);
    }
    expect(() => new StateManager({ client: {} as Cairn })).toThrow("/client: must be a Cairn");
  });

  it("what a service cannot be told is refused, not passed over", async () => {
    const manager = new StateManager({ client: local() });
    await manager.savePipelineState("p", 1);
    const refused = (call: Promise<unknown>, pointer: string) =>
      expect(call).rejects.toMatchObject({ code: "malformed", facts: { errors: [{ pointer }] } });
    await refused(manager.savePipelineState("p", 2, { force: true }), "/force");
    await refused(manager.createCheckpoint("p", { data: new Uint8Array(3) }), "/data");
    const situation = { stateBytes: 3 };
    await refused(manager.savePipelineState("p", 2, { situation }), "/situation/stateBytes");
    const task = { name: "endless", seconds: 1e13 };
    const save = manager.savePipelineState("p", 2, { situation: { task } });
    await expect(save).rejects.toMatchObject({ name: "StateManagerError", code: "malformed" });
    expect(await manager.loadPipelineState("p")).toMatchObject({ version: 1 });
  });

  it("never resumes with a state that another has saved since", async () => {
    const service = await startService();
    const manager = new StateManager({ client: service.client() });
    await manager.savePipelineState("p", { n: 1 });
    service.instead = ({ method, path }) => {
      if (method !== "GET" || !path.endsWith("/state")) return undefined;
      const digest = createHash("sha256").update("{}").digest("base64");
      const headers = {
        ETag: '"2"',
        "Repr-Digest": `sha-256=:${digest}:`,
        "Content-Type": "application/json",
      };
      return new Response("{}", { headers });
    };
    await expect(manager.resumePipeline("p", { owner: "w" })).rejects.toMatchObject({ code: "fence_lost" });
  });

  it("a file that is broken off is told as such", async () => {
    const body = () => {
      const pieces = [new Uint8Array(3)];
      return new ReadableStream({
        pull(controller) {
          const piece = pieces.shift();
          if (piece) controller.enqueue(piece);
          else controller.error(new TypeError("terminated"));
        },
      });
    };
    const client = new Cairn({ url: "http://cairn.test", fetch: async () => new Response(body()) });
    const pieces = new StateRecovery({ client }).exportPipeline("p");
    expect((await pieces.next()).value).toHaveLength(3);
    await expect(pieces.next()).rejects.toMatchObject({ name: "RecoveryError", code: "backend_unavailable" });
  });

  it("sends what changed", async () => {
    const { client, seen } = await startService();
    const manager = new StateManager({ client: client() });
    const text = Array.from({ length: 3000 }, (_, i) => (i * i * 7919) % 10_007).join();
    for (let n = 0; n < 3; n++) await manager.savePipelineState("p", { n, text });
    expect(seen.map(({ method }) => method)).toEqual(["PUT", "PATCH", "PATCH"]);
    expect(seen[2]!.bytes).toBeLessThan(200);
  });

  it("a lost answer, a broken service and another server have the codes that they have in this process", async () => {
    const service = await startService();
    const manager = new StateManager({ client: service.client({ timeoutSeconds: 0.05 }) });
    const codes = async () => [
      await manager.savePipelineState("p", 1).catch(({ name, code }) => [name, code]),
      await manager.loadPipelineState("p").catch(({ name, code }) => [name, code]),
    ];
    service.instead = () => problem(503, "outcome_unknown");
    expect(await codes()).toEqual(Array(2).fill(["StateManagerError", "outcome_unknown"]));
    service.instead = () => new Response("<html>", { status: 502 });
    const lost = [
      ["StateManagerError", "outcome_unknown"],
      ["StateManagerError", "backend_unavailable"],
    ];
    expect(await codes()).toEqual(lost);
    service.instead = () => problem(401, "unauthorized");
    expect(await codes()).toEqual(Array(2).fill(["StateManagerError", "unauthorized"]));
    service.stop();
    expect(await codes()).toEqual(lost);
  });
});
