import { describe, expect, test } from "vitest";
import { chainOf, linksOf } from "../../src/model/chain.ts";
import { recover, rollback } from "../../src/recovery/rollback.ts";
import { readState } from "../../src/state/read.ts";
import { resume } from "../../src/state/resume.ts";
import { eventTypes, KEY, textOf } from "../state/core.ts";
import { chains, growing } from "./versions.ts";

type Made = Awaited<ReturnType<typeof chains>>;

async function contentOf({ core }: Made): Promise<string> {
  return textOf((await readState(core, KEY)).content);
}

/** By checkpoint, oldest first, whether it is marked damaged. */
async function marks({ backend }: Made): Promise<boolean[]> {
  const { data } = await backend.checkpoints(KEY, { limit: 500 });
  return data.map(({ quarantinedAt }) => quarantinedAt !== null).reverse();
}

describe("a damaged base in the middle of the chains", () => {
  test("recover quarantines all that rests on it, and falls back to an earlier chain", async () => {
    const made = await chains(3, 4);
    await made.damage(made.frames[3]!);
    const restored = await recover(made.core, KEY, {}, {});
    expect(restored.checkpointId).toBe(made.ids[2]);
    expect(restored.quarantined.map(({ checkpointId }) => checkpointId)).toEqual(
      [6, 5, 4, 3].map((i) => made.ids[i]),
    );
    const base = made.frames[3]!.frameId;
    for (const { problem } of restored.quarantined) expect(problem).toContain(base);
    expect(await marks(made)).toEqual([false, false, false, true, true, true, true]);
    expect(await contentOf(made)).toBe(growing(7, 2));
    expect((await recover(made.core, KEY, {}, {})).quarantined).toEqual([]);
  });

  test("recover keeps what is before a damaged delta of the same chain", async () => {
    const made = await chains(2, 5);
    await made.damage({ ...made.frames[4]!, ...linksOf(made.frames[4]!).at(-1)! });
    const restored = await recover(made.core, KEY, {}, {});
    expect(restored.checkpointId).toBe(made.ids[3]);
    expect(await marks(made)).toEqual([false, false, false, false, true, true, true]);
    expect(await contentOf(made)).toBe(growing(8, 1));
  });

  test("resume does the same once neither the state nor the version before it verifies", async () => {
    const made = await chains(3, 4);
    await made.damage(made.frames[3]!);
    const resumed = await resume(made.core, KEY, { owner: "w", ttlSeconds: 30 });
    expect(resumed).toMatchObject({ version: 8, checkpointId: made.ids[2] });
    expect(textOf(resumed.point!.content)).toBe(growing(7, 2));
    expect(await marks(made)).toEqual([false, false, false, true, true, true, true]);
    const quarantined = (await eventTypes(made.core)).filter((type) => type === "quarantined");
    expect(quarantined).toHaveLength(5);
  });

  test("rollback steps over them", async () => {
    const made = await chains(3, 4);
    await made.damage(made.frames[3]!);
    expect(await rollback(made.core, KEY, {}, {})).toMatchObject({ version: 8, checkpointId: made.ids[2] });
  });

  test("is unrecoverable when every chain has lost its base, and nothing is written", async () => {
    const made = await chains(2, 3);
    for (const frame of [made.frames[0]!, made.frames[2]!]) await made.damage(frame);
    expect(chainOf(made.frames[0]!)).not.toBe(chainOf(made.frames[2]!));
    const before = await made.backend.load(KEY);
    await expect(recover(made.core, KEY, {}, {})).rejects.toMatchObject({ code: "unrecoverable" });
    await expect(resume(made.core, KEY, { owner: "w", ttlSeconds: 30 })).rejects.toMatchObject({
      code: "unrecoverable",
    });
    expect(await made.backend.load(KEY)).toEqual(before);
    expect(await marks(made)).toEqual([false, false, false, false, false]);
  });
});
