import { describe, expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { CairnError, RecoveryError, StateManager, StateRecovery } from "../../src/index.ts";
import { linksOf } from "../../src/model/chain.ts";
import type { OperationEvent, StateManagerOptions } from "../../src/state/options.ts";
import { damageable } from "../backends/damageable.ts";
import { WAYS } from "../support/ways.ts";

function made(way: (backend: StorageBackend) => StateManagerOptions) {
  const clock = { now: Date.now() };
  const { backend, damage } = damageable(memoryBackend({ now: () => clock.now }));
  const events: OperationEvent[] = [];
  const monitor = { record: (event: OperationEvent) => void events.push(event) };
  const manager = new StateManager({ ...way(backend), monitor });
  return { backend, damage, clock, events, manager, recovery: new StateRecovery({ manager }) };
}

async function checkpointed(manager: StateManager, state: object): Promise<string> {
  const saved = await manager.savePipelineState("etl", state as never, { checkpoint: "always" });
  return (saved as { checkpoint: { checkpointId: string } }).checkpoint.checkpointId;
}

describe.each(WAYS)("StateRecovery %s", (_name, way) => {
  it("recovers, whole or in part, and rolls back, through a manager's store", async () => {
    const { manager, recovery } = made(way);
    const first = await checkpointed(manager, { config: { rate: 1 }, done: ["a"] });
    const second = await checkpointed(manager, { config: { rate: 2 }, done: ["a", "b"] });
    await manager.savePipelineState("etl", { config: null, done: ["a", "b", "c"] });
    const parts = await recovery.recoverPipeline("etl", { select: ["/config"] });
    expect(parts).toMatchObject({ pipelineId: "etl", version: 4, checkpointId: second, quarantined: [] });
    const state = async () => (await manager.loadPipelineState("etl"))!.state;
    expect(await state()).toEqual({ config: { rate: 2 }, done: ["a", "b", "c"] });
    // What parts made is no checkpoint's state: one step back is the newest checkpoint.
    expect(await recovery.rollbackToPreviousCheckpoint("etl")).toMatchObject({ checkpointId: second });
    expect(await recovery.rollbackToPreviousCheckpoint("etl")).toMatchObject({ checkpointId: first });
    expect(await state()).toEqual({ config: { rate: 1 }, done: ["a"] });
    expect(await recovery.recoverPipeline("etl", { checkpointId: second })).toMatchObject({ version: 7 });
  });

  it("forks, exports and imports", async () => {
    const { manager, recovery } = made(way);
    const id = await checkpointed(manager, { n: 1 });
    await manager.savePipelineState("etl", { n: 2 });
    const { forkedFrom } = await recovery.forkPipeline("etl", "branch", { checkpointId: id });
    expect(forkedFrom).toEqual({ pipelineId: "etl", checkpointId: id, version: 1 });
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of recovery.exportPipeline("etl")) pieces.push(new Uint8Array(piece));
    await recovery.importPipeline("copy", new Blob(pieces));
    const state = async (id: string) => (await manager.loadPipelineState(id))!.state;
    expect([await state("branch"), await state("copy")]).toEqual([{ n: 1 }, { n: 2 }]);
    await expect(recovery.importPipeline("copy", new Blob(pieces))).rejects.toBeInstanceOf(RecoveryError);
    const text = recovery.importPipeline("text", "no file" as never);
    await expect(text).rejects.toMatchObject({ name: "RecoveryError", code: "malformed" });
    await expect(recovery.exportPipeline("none").next()).rejects.toMatchObject({ code: "not_found" });
  });

  it("validates checkpoints", async () => {
    const { manager, recovery, backend, damage } = made(way);
    const id = await checkpointed(manager, { n: 1 });
    expect(await recovery.validateCheckpoint("etl", id)).toEqual({ valid: true, problems: [] });
    const key = { tenant: "local", pipelineId: "etl" };
    const { frame } = (await backend.checkpoint(key, id))!;
    await damage(key, linksOf(frame)[0]!, "flip");
    expect(await recovery.validateCheckpoint("etl", id)).toMatchObject({
      valid: false,
      problems: [expect.stringContaining(frame.frameId), "it takes down version 1"],
    });
  });

  it("detects what is interrupted, whose lease ran out, and who was silent too long; of its tenant only", async () => {
    const { manager, recovery, backend, clock } = made(way);
    clock.now -= 600_000;
    const ids = ["b-late", "a-late", "live", "free", "silent", "other"];
    for (const id of ids) await manager.savePipelineState(id, 1);
    await manager.resumePipeline("a-late", { owner: "w", ttlSeconds: 10 });
    await manager.resumePipeline("b-late", { owner: "w", ttlSeconds: 10 });
    await manager.resumePipeline("live", { owner: "w", ttlSeconds: 86_400 });
    const settings = { recovery: { silenceSeconds: 60 } };
    const commit = (pipelineId: string, effects: object) => ({
      key: { tenant: "local", pipelineId },
      writeId: crypto.randomUUID(),
      digest: "0".repeat(64),
      expect: { create: "never" as const, force: true },
      effects,
    });
    await backend.commit([commit("silent", { settings }), commit("other", { status: "interrupted" })]);
    const foreign = new StateManager({ backend, tenant: "another" });
    await foreign.savePipelineState("theirs", 1);
    await foreign.resumePipeline("theirs", { owner: "w", ttlSeconds: 10 });
    const before = await backend.load({ tenant: "local", pipelineId: "a-late" });
    const found = await recovery.detectInterruptedPipelines();
    expect(found.map(({ pipelineId, why }) => [pipelineId, why])).toEqual([
      ["a-late", "lease"],
      ["b-late", "lease"],
      ["other", "interrupted"],
      ["silent", "silence"],
    ]);
    expect(await backend.load({ tenant: "local", pipelineId: "a-late" })).toEqual(before);
  });

  it("throws RecoveryError with the codes of the contract", async () => {
    const { manager, recovery, events } = made(way);
    const failure = await recovery.recoverPipeline("none").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RecoveryError);
    expect(failure).toBeInstanceOf(CairnError);
    expect(failure).toMatchObject({ name: "RecoveryError", code: "not_found", status: 404 });
    await manager.savePipelineState("etl", {});
    await expect(recovery.recoverPipeline("etl")).rejects.toMatchObject({ code: "unrecoverable" });
    const unknown = { steps: 1, checkpointId: "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a" };
    await expect(recovery.rollbackToPreviousCheckpoint("etl", unknown)).rejects.toMatchObject({
      code: "malformed",
      facts: { errors: [{ pointer: "/steps" }] },
    });
    await expect(recovery.recoverPipeline("etl", { select: ["a"] })).rejects.toBeInstanceOf(RecoveryError);
    await expect(recovery.recoverPipeline("..")).rejects.toMatchObject({ code: "invalid_id" });
    await expect(recovery.validateCheckpoint("etl", "x")).rejects.toMatchObject({ code: "invalid_id" });
    expect(events.map(({ operation, code }) => [operation, code])).toContainEqual(["recover", "not_found"]);
    // A manager's own errors stay its own.
    await expect(manager.deletePipeline("none")).rejects.toMatchObject({ name: "StateManagerError" });
  });

  it("brings parts back without saying that the pipeline goes on", async () => {
    const { manager, recovery, backend } = made(way);
    await checkpointed(manager, { a: 1 });
    await manager.savePipelineState("etl", { a: 2 });
    const key = { tenant: "local", pipelineId: "etl" };
    const expected = { create: "never" as const };
    const interrupt = { key, writeId: "w", digest: "0".repeat(64), expect: expected };
    await backend.commit([{ ...interrupt, effects: { status: "interrupted" } }]);
    await recovery.recoverPipeline("etl", { select: ["/a"] });
    const [found] = await recovery.detectInterruptedPipelines();
    expect(found).toMatchObject({ pipelineId: "etl", why: "interrupted", version: 3 });
  });

  it("needs the fence of a live lease, or force", async () => {
    const { manager, recovery } = made(way);
    await checkpointed(manager, { n: 1 });
    const { fence } = await manager.resumePipeline("etl", { owner: "w" });
    await expect(recovery.recoverPipeline("etl")).rejects.toMatchObject({ code: "lease_held" });
    expect(await recovery.recoverPipeline("etl", { fence })).toMatchObject({ version: 2 });
    expect(await recovery.rollbackToPreviousCheckpoint("etl", { force: true }).catch((e) => e.code)).toBe(
      "unrecoverable",
    );
    expect(await recovery.recoverPipeline("etl", { force: true })).toMatchObject({ version: 3 });
    await expect(manager.savePipelineState("etl", {}, { fence })).rejects.toMatchObject({
      code: "fence_lost",
    });
  });

  it("opens a store of its own by options, and closes only that", async () => {
    const backend = memoryBackend();
    const own = new StateRecovery(way(backend));
    expect(await own.detectInterruptedPipelines()).toEqual([]);
    await own.close();
    await expect(own.detectInterruptedPipelines()).rejects.toMatchObject({ code: "backend_unavailable" });
    const { manager, recovery } = made(way);
    await recovery.close();
    await manager.savePipelineState("etl", 1);
    expect(await recovery.detectInterruptedPipelines()).toEqual([]);
    await manager.close();
    await expect(recovery.detectInterruptedPipelines()).rejects.toMatchObject({
      code: "backend_unavailable",
    });
    for (const options of [{ zork: 1 }, { manager: {} }])
      expect(() => new StateRecovery(options as never)).toThrowError(RecoveryError);
  });
});
