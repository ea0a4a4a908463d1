import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { encodeDelta } from "../../src/frames/delta/encode.ts";
import { sha256Hex } from "../../src/frames/digest.ts";
import { DEPTH } from "../../src/frames/pays.ts";
import { depthOf, linksOf } from "../../src/model/chain.ts";
import { createCheckpoint } from "../../src/state/checkpoints.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { MOST_UNVERIFIED, saveDelta } from "../../src/state/delta.ts";
import { readState } from "../../src/state/read.ts";
import { resume } from "../../src/state/resume.ts";
import { verifyCheckpoint } from "../../src/state/verify.ts";
import { bench, KEY, save, textOf } from "./core.ts";

/** Content that does not compress, and grows by a line a step. */
function text(step: number): string {
  let x = 7;
  const next = () => {
    x = (x * 1103515245 + 12345) % 2147483648;
    return x.toString(36);
  };
  const lines = Array.from({ length: 200 + step }, () => next() + next());
  return lines.join("\n");
}

async function headOf(backend: StorageBackend) {
  return (await backend.load(KEY))!.head;
}

async function delta(core: Core, version: number, [before, after]: [string, string], claimed = after) {
  const bytes = (value: string) => new TextEncoder().encode(value);
  return saveDelta(core, KEY, {
    delta: encodeDelta(bytes(before), bytes(after)),
    sha256: await sha256Hex(claimed),
    maxBytes: 1e6,
    caller: {},
    checkpoint: "never",
    precondition: { versions: [version] },
  });
}

describe("a save stores what changed", () => {
  test("upon what this process saved last", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    for (let step = 1; step <= 20; step++) {
      const { result } = await save(core, text(step));
      expect(result.storedBytes).toBeLessThan(120);
    }
    const { state } = await headOf(backend);
    expect(depthOf(state!.frame)).toBe(20);
    expect(textOf((await readState(core, KEY)).content)).toBe(text(20));
  });

  test("upon what another process saved, once it was read here", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    const other = createCore({ backend });
    await readState(other, KEY);
    await save(other, text(1));
    expect(depthOf((await headOf(backend)).state!.frame)).toBe(1);
  });

  test("whole, where another has saved meanwhile", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    await save(createCore({ backend }), text(1));
    await save(core, text(2));
    expect(depthOf((await headOf(backend)).state!.frame)).toBe(0);
    expect(textOf((await readState(core, KEY)).content)).toBe(text(2));
  });

  test("never upon a state of the same version that is not the one it knows", async () => {
    // What a failover does that forgets acknowledged writes: another state has the version of the one lost.
    const [one, two] = [memoryBackend(), memoryBackend()];
    let current = one;
    const backend: StorageBackend = {
      ...one,
      load: (...given) => current.load(...given),
      commit: (...given) => current.commit(...given),
      frames: (...given) => current.frames(...given),
    };
    const core = createCore({ backend });
    await save(core, text(0));
    await save(createCore({ backend: two }), `${text(0)} of others`);
    current = two;
    await save(core, text(1));
    expect(textOf((await readState(core, KEY)).content)).toBe(text(1));
  });

  test("whole, once the chain was found to be damaged", async () => {
    const { core, backend, damage } = bench();
    await save(core, text(0));
    await save(core, text(1));
    const { frame } = (await headOf(backend)).state!;
    await damage({ ...frame, frameId: linksOf(frame)[0]!.frameId });
    await expect(readState(core, KEY)).rejects.toMatchObject({ code: "unrecoverable" });
    await save(core, text(2));
    expect(textOf((await readState(core, KEY)).content)).toBe(text(2));
  });

  test("whole when everything changed, and when a chain has come to its end", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    await save(core, [...text(0)].reverse().join(""));
    expect(depthOf((await headOf(backend)).state!.frame)).toBe(0);
    let deepest = 0;
    for (let step = 0; step < DEPTH + 10; step++) {
      await save(core, `${text(0)}${step}`);
      const { frame } = (await headOf(backend)).state!;
      deepest = Math.max(deepest, depthOf(frame));
      const stored = linksOf(frame).reduce((sum, link) => sum + link.storedBytes, 0);
      expect(stored).toBeLessThan(2.2 * Math.max(2000, frame.chain?.full.storedBytes ?? Infinity));
    }
    expect(deepest).toBeLessThanOrEqual(DEPTH);
    expect(textOf((await readState(core, KEY)).content)).toBe(`${text(0)}${DEPTH + 9}`);
  });

  test("a load reads little more than a whole frame, however a pipeline grows", async () => {
    const { core, backend } = bench();
    for (let step = 0; step < 150; step++) {
      const content = JSON.stringify(
        Array.from({ length: step + 1 }, (_, i) => ({ i, task: `task ${i * 7919}` })),
      );
      await save(core, content);
      const { frame } = (await headOf(backend)).state!;
      const stored = linksOf(frame).reduce((sum, link) => sum + link.storedBytes, 0);
      const whole = await save(createCore({ backend: memoryBackend() }), content);
      expect(stored, `version ${step + 1}`).toBeLessThanOrEqual(2.2 * whole.result.storedBytes);
    }
  });
});

describe("deltas of clients", () => {
  test(`at most ${MOST_UNVERIFIED} in a row rest on what they say; then one is rebuilt`, async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    for (let step = 1; step <= 2 * MOST_UNVERIFIED + 2; step++) {
      await delta(core, step, [text(step - 1), text(step)]);
      const { state } = await headOf(backend);
      expect([step, state!.verified]).toEqual([step, step % (MOST_UNVERIFIED + 1) === 0]);
    }
    expect(textOf((await readState(core, KEY)).content)).toBe(text(2 * MOST_UNVERIFIED + 2));
    expect((await headOf(backend)).state!.verified).toBe(true);
  });

  test("the one that is rebuilt here costs no read, and a whole state after them is a delta again", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    const reads: string[] = [];
    const { load, frames } = backend;
    backend.load = (...given) => {
      reads.push("load");
      return load(...given);
    };
    backend.frames = (...given) => {
      reads.push("frames");
      return frames(...given);
    };
    const steps = 4 * MOST_UNVERIFIED;
    for (let step = 1; step <= steps; step++) await delta(core, step, [text(step - 1), text(step)]);
    const { result } = await save(core, text(steps + 1));
    expect(reads).toEqual([]);
    expect(result.storedBytes).toBeLessThan(200);
    const { content } = await readState(createCore({ backend }), KEY);
    expect(textOf(content)).toBe(text(steps + 1));
  });

  test("the one that is rebuilt must make what it says", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    for (let step = 1; step <= MOST_UNVERIFIED; step++) await delta(core, step, [text(step - 1), text(step)]);
    const last = delta(core, MOST_UNVERIFIED + 1, [text(MOST_UNVERIFIED), text(99)], "something else");
    await expect(last).rejects.toMatchObject({ code: "digest_mismatch" });
    expect((await headOf(backend)).version).toBe(MOST_UNVERIFIED + 1);
  });

  test("a lie is found by whoever reads it, and takes down only what rests on it", async () => {
    const { core, backend } = bench();
    await save(core, text(0), { checkpoint: true });
    await delta(core, 1, [text(0), text(1)], "something else");
    await expect(readState(core, KEY)).rejects.toMatchObject({ code: "unrecoverable" });
    const resumed = await resume(core, KEY, { owner: "me", ttlSeconds: 10 });
    expect(textOf(resumed.point!.content)).toBe(text(0));
    expect((await headOf(backend)).state!.verified).toBe(true);
  });

  test("is sealed to its place: its frame cannot stand in for another's", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    const { result } = await delta(core, 1, [text(0), text(1)]);
    expect(result.version).toBe(2);
    const { state } = await headOf(backend);
    expect(
      linksOf(state!.frame)
        .map((link) => link.storedBytes)
        .at(-1),
    ).toBe(result.storedBytes);
  });
});

describe("verify", () => {
  test("names the damaged frame of a chain, and what else it takes down", async () => {
    const { core, backend, damage } = bench();
    await save(core, text(0), { checkpoint: true });
    for (let step = 1; step <= 3; step++) await save(core, text(step), { checkpoint: true });
    const { data } = await backend.checkpoints(KEY, { limit: 10 });
    const [newest, third, second, first] = data;
    await damage(second!.frame);
    expect(await verifyCheckpoint(core, KEY, first!.checkpointId)).toEqual({ valid: true, problems: [] });
    const verdict = await verifyCheckpoint(core, KEY, third!.checkpointId);
    expect(verdict.valid).toBe(false);
    expect(verdict.problems[0]).toContain(second!.frame.frameId);
    expect(verdict.problems.slice(1).sort()).toEqual(
      [
        `it takes down checkpoint ${newest!.checkpointId} (version 4)`,
        `it takes down checkpoint ${second!.checkpointId} (version 2)`,
        "it takes down version 3",
        "it takes down version 4",
      ].sort(),
    );
  });

  test("marks what it has rebuilt", async () => {
    const { core, backend } = bench();
    await save(core, text(0));
    await delta(core, 1, [text(0), text(1)]);
    const { checkpoint } = await createCheckpoint(core, KEY, { caller: {} });
    expect(checkpoint.verified).toBe(false);
    expect((await verifyCheckpoint(core, KEY, checkpoint.checkpointId)).valid).toBe(true);
    expect((await backend.checkpoint(KEY, checkpoint.checkpointId))!.verified).toBe(true);
  });
});

test("a hundred readers at once say once that a state was rebuilt: a write sent again is still known", async () => {
  const { core, backend } = bench();
  await save(core, text(0));
  await delta(core, 1, [text(0), text(1)]);
  const { revision } = await headOf(backend);
  await Promise.all(Array.from({ length: 100 }, () => readState(core, KEY)));
  const head = await headOf(backend);
  expect([head.revision, head.state!.verified]).toEqual([revision + 1, true]);
});
