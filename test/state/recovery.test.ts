import { describe, expect, test } from "vitest";
import { recover, rollback } from "../../src/recovery/rollback.ts";
import { createCheckpoint, listCheckpoints, readCheckpoint } from "../../src/state/checkpoints.ts";
import { getPipeline } from "../../src/state/pipelines.ts";
import { readState } from "../../src/state/read.ts";
import { resume } from "../../src/state/resume.ts";
import { verifyCheckpoint } from "../../src/state/verify.ts";
import { bench, eventTypes, KEY, save, textOf } from "./core.ts";

const OWNER = { owner: "worker", ttlSeconds: 30 };

async function content(core: ReturnType<typeof bench>["core"]): Promise<string> {
  return textOf((await readState(core, KEY)).content);
}

/** Versions 1 to `count`, of content `v1`…, each with a checkpoint; and the refs of their frames. */
async function versions(count: number) {
  const made = bench();
  const frames = [];
  const ids: string[] = [];
  for (let version = 1; version <= count; version++) {
    const { result } = await save(made.core, `v${version}`, { checkpoint: true });
    frames.push((await made.backend.load(KEY))!.head.state!.frame);
    ids.push(result.checkpoint!.checkpointId);
  }
  return { ...made, frames, ids };
}

describe("resume", () => {
  test("goes on from the state when it verifies", async () => {
    const { core, ids } = await versions(2);
    const resumed = await resume(core, KEY, OWNER);
    expect(resumed).toMatchObject({
      version: 2,
      attempt: 1,
      fence: 1,
      checkpointId: ids[1],
      replayed: false,
    });
    expect(textOf(resumed.point!.content)).toBe("v2");
    expect((await getPipeline(core, KEY)).version).toBe(2);
  });

  test("goes back to the older version when the state is damaged, as a new version", async () => {
    const { core, frames, damage } = await versions(3);
    await damage(frames[2]!);
    await expect(readState(core, KEY)).rejects.toMatchObject({ code: "unrecoverable" });
    const resumed = await resume(core, KEY, OWNER);
    expect(resumed).toMatchObject({ version: 4, checkpointId: null });
    expect(await content(core)).toBe("v2");
    expect((await eventTypes(core)).slice(-2)).toEqual(["quarantined", "resumed"]);
  });

  test("then to the newest checkpoint that verifies, and quarantines those that do not", async () => {
    const { core, frames, ids, damage } = await versions(4);
    for (const frame of frames.slice(1)) await damage(frame);
    const resumed = await resume(core, KEY, OWNER);
    expect(resumed).toMatchObject({ version: 5, checkpointId: ids[0] });
    expect(await content(core)).toBe("v1");
    const { data } = await listCheckpoints(core, KEY, { limit: 9 });
    const marked = data.filter((each) => each.quarantinedAt !== null).map((each) => each.checkpointId);
    expect(marked).toEqual([ids[3], ids[2], ids[1]]);
    expect(data.map((each) => each.verified)).toEqual([false, false, false, true]);
    const events = (await eventTypes(core)).slice(-5);
    expect(events).toEqual(["quarantined", "quarantined", "quarantined", "quarantined", "resumed"]);
  });

  test("is unrecoverable when nothing verifies, and changes nothing", async () => {
    const { core, backend, frames, damage } = await versions(3);
    for (const frame of frames) await damage(frame);
    const before = await backend.load(KEY);
    await expect(resume(core, KEY, OWNER)).rejects.toMatchObject({ code: "unrecoverable" });
    expect(await backend.load(KEY)).toEqual(before);
  });

  test("from a checkpoint that is named: that one, or none", async () => {
    const { core, frames, ids, damage } = await versions(3);
    await damage(frames[1]!);
    const named = (checkpointId: string) => resume(core, KEY, { ...OWNER, checkpointId });
    await expect(named(ids[1]!)).rejects.toMatchObject({ code: "unrecoverable" });
    expect(await named(ids[0]!)).toMatchObject({ version: 4, checkpointId: ids[0] });
    expect(await content(core)).toBe("v1");
    await expect(named("01a207c6-9a41-74d3-b91e-0015776c2449")).rejects.toMatchObject({ code: "not_found" });
  });

  test("without a state starts from nothing", async () => {
    const { core } = bench();
    const data = { content: new Uint8Array([1]), contentType: "application/octet-stream" };
    await expect(resume(core, KEY, OWNER)).rejects.toMatchObject({ code: "not_found" });
    await save(core, "x");
    const { checkpoint } = await createCheckpoint(core, KEY, { caller: {}, data });
    // Data that was given with the call is gone on from only when it is named.
    expect(await resume(core, KEY, OWNER)).toMatchObject({ version: 1, checkpointId: null });
    const { checkpointId } = checkpoint;
    expect((await resume(core, KEY, { ...OWNER, checkpointId })).point!.content).toEqual(data.content);
  });
});

describe("a damaged checkpoint", () => {
  test("is told by verify, and never served", async () => {
    const { core, frames, ids, damage } = await versions(2);
    await damage(frames[0]!);
    expect(await verifyCheckpoint(core, KEY, ids[1]!)).toEqual({ valid: true, problems: [] });
    expect(await verifyCheckpoint(core, KEY, ids[0]!)).toMatchObject({ valid: false });
    await expect(readCheckpoint(core, KEY, ids[0]!)).rejects.toMatchObject({ code: "unrecoverable" });
    expect(textOf((await readCheckpoint(core, KEY, ids[1]!)).content)).toBe("v2");
  });
});

describe("recover", () => {
  test("goes to the newest checkpoint that verifies, and lists the bad ones it met", async () => {
    const { core, frames, ids, damage } = await versions(4);
    await damage(frames[3]!);
    await damage(frames[1]!);
    const first = await recover(core, KEY, {}, {});
    expect(first).toMatchObject({ version: 5, checkpointId: ids[2] });
    expect(first.quarantined.map((each) => each.checkpointId)).toEqual([ids[3]]);
    expect(await content(core)).toBe("v3");
    expect((await recover(core, KEY, {}, {})).quarantined).toEqual([]);
  });

  test("is unrecoverable when none verifies, and writes nothing", async () => {
    const { core, backend, frames, damage } = await versions(2);
    for (const frame of frames) await damage(frame);
    const before = await backend.load(KEY);
    await expect(recover(core, KEY, {}, {})).rejects.toMatchObject({ code: "unrecoverable" });
    expect(await backend.load(KEY)).toEqual(before);
  });
});

describe("rollback", () => {
  test("twice goes further back, and history is appended to", async () => {
    const { core, ids } = await versions(4);
    expect(await rollback(core, KEY, {}, {})).toMatchObject({ version: 5, checkpointId: ids[2] });
    expect(await content(core)).toBe("v3");
    expect(await rollback(core, KEY, {}, {})).toMatchObject({ version: 6, checkpointId: ids[1] });
    expect(await content(core)).toBe("v2");
    expect(await rollback(core, KEY, {}, {})).toMatchObject({ version: 7, checkpointId: ids[0] });
    await expect(rollback(core, KEY, {}, {})).rejects.toMatchObject({ code: "unrecoverable" });
    expect(await content(core)).toBe("v1");
    expect((await listCheckpoints(core, KEY, { limit: 9 })).data).toHaveLength(4);
  });

  test("goes several steps, over the damaged ones, or to the one that is named", async () => {
    const { core, frames, ids, damage } = await versions(5);
    await damage(frames[2]!);
    expect(await rollback(core, KEY, { steps: 2 }, {})).toMatchObject({ checkpointId: ids[1] });
    expect(await rollback(core, KEY, { checkpointId: ids[4]! }, {})).toMatchObject({ version: 7 });
    expect(await content(core)).toBe("v5");
  });

  test("then work goes on from there: the next rollback counts from the new work", async () => {
    const { core, ids } = await versions(3);
    await rollback(core, KEY, { steps: 2 }, {});
    const { result } = await save(core, "new", { checkpoint: true });
    await save(core, "newer");
    const back = await rollback(core, KEY, {}, {});
    expect(back.checkpointId).toBe(result.checkpoint!.checkpointId);
    expect((await rollback(core, KEY, {}, {})).checkpointId).toBe(ids[2]);
  });
});
