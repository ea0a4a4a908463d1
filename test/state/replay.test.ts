import { describe, expect, test } from "vitest";
import { newCheckpointId } from "../../src/model/ids.ts";
import { recover, rollback } from "../../src/recovery/rollback.ts";
import { createCheckpoint, deleteCheckpoint } from "../../src/state/checkpoints.ts";
import type { Core } from "../../src/state/core.ts";
import { acquireLease, releaseLease, renewLease } from "../../src/state/lease.ts";
import { patchState } from "../../src/state/patch.ts";
import { deletePipeline, registerPipeline, updatePipeline } from "../../src/state/pipelines.ts";
import { resume } from "../../src/state/resume.ts";
import { bench, eventTypes, KEY, save } from "./core.ts";

interface Situation {
  core: Core;
  /** Of the lease that is held. */
  fence: number;
  checkpointId: string;
}

const caller = ({ fence }: Situation) => ({ fence, idempotencyKey: "key" });
const owned = { owner: "one", ttlSeconds: 30, idempotencyKey: "key" };

/** Every verb that changes something, as its answer looks to the caller. */
const verbs: [string, (it: Situation) => Promise<object>][] = [
  ["save", (it) => save(it.core, "again", { checkpoint: true, ...caller(it) })],
  ["patch", (it) => patchState(it.core, KEY, { ...patched, caller: caller(it) })],
  ["checkpoint", (it) => createCheckpoint(it.core, KEY, { caller: caller(it), label: "l" })],
  ["checkpoint of data", (it) => createCheckpoint(it.core, KEY, { caller: caller(it), data })],
  ["delete a checkpoint", (it) => deleteCheckpoint(it.core, KEY, it.checkpointId, caller(it)).then(told)],
  ["acquire", (it) => acquireLease(it.core, KEY, owned)],
  ["renew", (it) => renewLease(it.core, KEY, caller(it)).then(resultOf)],
  ["release", (it) => releaseLease(it.core, KEY, caller(it)).then(resultOf)],
  ["resume", (it) => resume(it.core, KEY, owned)],
  ["recover", (it) => recover(it.core, KEY, {}, caller(it))],
  ["rollback", (it) => rollback(it.core, KEY, { checkpointId: it.checkpointId }, caller(it))],
  ["update", (it) => updatePipeline(it.core, KEY, { labels: { a: "b" } }, caller(it)).then(told)],
  ["finish", (it) => updatePipeline(it.core, KEY, { status: "completed" }, caller(it)).then(told)],
  ["register", (it) => registerPipeline(it.core, KEY, { kind: "etl" }, caller(it)).then(made)],
  ["delete", (it) => deletePipeline(it.core, KEY, caller(it)).then(resultOf)],
];

const patched = {
  checkpoint: "never" as const,
  request: ["patch", "!"],
  change: (content: Uint8Array) => new Uint8Array([...content, 33]),
};
const data = { content: new Uint8Array([1, 2, 3]), contentType: "application/octet-stream" };
const told = ({ replayed }: { replayed: boolean }) => ({ replayed });
const made = ({ created, replayed }: { created: boolean; replayed: boolean }) => ({ created, replayed });
const resultOf = ({ result, replayed }: { result: object; replayed: boolean }) => ({ result, replayed });

async function situation() {
  const { core, clock, backend, plan, damage } = bench();
  await save(core, "first", { checkpoint: true });
  const { result } = await save(core, "second", { checkpoint: true });
  const { lease } = await acquireLease(core, KEY, { owner: "one", ttlSeconds: 60 });
  const it = { core, fence: lease.fence, checkpointId: result.checkpoint!.checkpointId };
  return { it, clock, backend, plan, damage };
}

describe("a request that is sent again is answered as the first time, and done once", () => {
  test.each(verbs)("%s", async (_name, verb) => {
    const { it, clock, backend } = await situation();
    const first = await verb(it);
    const head = await backend.load(KEY, { frames: true });
    clock.now += 5000;
    const again = await verb(it);
    expect(again).toEqual({ ...first, replayed: true });
    expect(first).toMatchObject({ replayed: false });
    expect(await backend.load(KEY, { frames: true })).toEqual(head);
  });

  test.each(verbs)("%s, also when its outcome was unknown and it has landed", async (_name, verb) => {
    const { it, backend, plan } = await situation();
    plan("after");
    const first = await verb(it);
    const head = await backend.load(KEY, { frames: true });
    expect(await verb(it)).toEqual({ ...first, replayed: true });
    expect(await backend.load(KEY, { frames: true })).toEqual(head);
  });

  test.each(verbs.filter(([name]) => name !== "delete"))("%s: its key is no other's", async (_name, verb) => {
    const { it, backend } = await situation();
    await verb(it);
    const head = await backend.load(KEY);
    const other = releaseLease(it.core, KEY, { ...caller(it) });
    const another = deleteCheckpoint(it.core, KEY, newCheckpointId(), { idempotencyKey: "key" });
    const answers = await Promise.allSettled([other, another]);
    const codes = answers.map((each) => (each.status === "rejected" ? each.reason.code : "answered"));
    expect(codes.filter((code) => code !== "idempotency_mismatch")).toEqual(
      _name === "release" ? ["answered"] : [],
    );
    expect(await backend.load(KEY)).toEqual(head);
  });
});

describe("a replay is answered although what it needs is gone", () => {
  test("resume from a checkpoint that was deleted since", async () => {
    const { it } = await situation();
    const from = { ...owned, checkpointId: it.checkpointId };
    const first = await resume(it.core, KEY, from);
    await deleteCheckpoint(it.core, KEY, it.checkpointId, { fence: first.fence });
    expect(await resume(it.core, KEY, from)).toMatchObject({
      fence: first.fence,
      attempt: 1,
      replayed: true,
    });
  });

  test("rollback to a checkpoint that was deleted since", async () => {
    const { it } = await situation();
    const back = () => rollback(it.core, KEY, { checkpointId: it.checkpointId }, caller(it));
    const first = await back();
    await deleteCheckpoint(it.core, KEY, it.checkpointId, { fence: it.fence });
    expect(await back()).toEqual({ ...first, replayed: true });
  });

  test("a save under a lease that another holds by now", async () => {
    const { it, clock } = await situation();
    const first = await save(it.core, "mine", caller(it));
    clock.now += 120_000;
    await resume(it.core, KEY, { owner: "two", ttlSeconds: 60 });
    expect(await save(it.core, "mine", caller(it))).toEqual({ ...first, replayed: true });
    await expect(save(it.core, "mine", { fence: it.fence })).rejects.toMatchObject({ code: "fence_lost" });
  });
});

test("a resume that is sent again does not raise the attempt or the fence", async () => {
  const { it } = await situation();
  const answers = [await resume(it.core, KEY, owned), await resume(it.core, KEY, owned)];
  expect(answers.map(({ fence, attempt }) => [fence, attempt])).toEqual([
    [2, 1],
    [2, 1],
  ]);
  expect((await eventTypes(it.core)).filter((type) => type === "resumed")).toHaveLength(1);
});

describe("a resume that is sent again after others have come", () => {
  test("answers its own grant, and no state of another version", async () => {
    const { it, clock } = await situation();
    const first = await resume(it.core, KEY, owned);
    clock.now += 120_000;
    const other = await resume(it.core, KEY, { owner: "two", ttlSeconds: 60 });
    expect(await resume(it.core, KEY, owned)).toEqual({ ...first, replayed: true });
    await save(it.core, "of two", { fence: other.fence });
    expect(await resume(it.core, KEY, owned)).toEqual({ ...first, point: null, replayed: true });
  });

  test("answers it also when the state was damaged since", async () => {
    const { it, damage, backend } = await situation();
    const first = await resume(it.core, KEY, owned);
    damage((await backend.load(KEY))!.head.state!.frame);
    expect(await resume(it.core, KEY, owned)).toEqual({ ...first, point: null, replayed: true });
  });
});
