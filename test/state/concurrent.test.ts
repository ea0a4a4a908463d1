import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import type { CairnError } from "../../src/model/errors.ts";
import { createCheckpoint, listCheckpoints } from "../../src/state/checkpoints.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { acquireLease } from "../../src/state/lease.ts";
import { patchState } from "../../src/state/patch.ts";
import { readState } from "../../src/state/read.ts";
import { resume } from "../../src/state/resume.ts";
import { saveState } from "../../src/state/save.ts";
import { objectStore } from "../model-based/stores.ts";
import { KEY, save, textOf } from "./core.ts";

const stores: [string, () => Promise<StorageBackend[]>][] = [
  ["memory", async () => [memoryBackend()]],
  ["object", async () => (await objectStore()).clients.slice(0, 1)],
  ["object, two processes", async () => (await objectStore()).clients],
];

function together<T>(count: number, task: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => task(index)));
}

describe.each(stores)("at once, over %s", (_name, open) => {
  async function cores(): Promise<Core[]> {
    return (await open()).map((backend) => createCore({ backend }));
  }

  test("50 saves of the last writer all land, as versions 1 to 50", async () => {
    const clients = await cores();
    const saved = await together(50, (i) => save(clients[i % clients.length]!, `save ${i}`));
    const versions = saved.map(({ result }) => result.version);
    expect([...versions].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(saved.filter(({ created }) => created)).toHaveLength(1);
    const { head, content } = await readState(clients[0]!, KEY);
    expect([head.version, textOf(content)]).toEqual([50, `save ${versions.indexOf(50)}`]);
  });

  test("50 saves over one version: one lands, 49 fail their precondition", async () => {
    const clients = await cores();
    await save(clients[0]!, "first");
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        saveState(clients[i % clients.length]!, KEY, {
          content: new TextEncoder().encode(`${i}`),
          contentType: "text/plain",
          caller: {},
          checkpoint: "never",
          precondition: { versions: [1] },
        }),
      ),
    );
    const codes = outcomes.map((each) =>
      each.status === "rejected" ? (each.reason as CairnError).code : "saved",
    );
    expect(codes.filter((code) => code === "saved")).toHaveLength(1);
    expect(codes.filter((code) => code === "precondition_failed")).toHaveLength(49);
  });

  test("10 patches all count", async () => {
    const clients = await cores();
    await save(clients[0]!, "");
    await together(10, (i) =>
      patchState(clients[i % clients.length]!, KEY, {
        caller: {},
        checkpoint: "never",
        request: ["add", i],
        change: (content) => new Uint8Array([...content, 65 + i]),
      }),
    );
    const { head, content } = await readState(clients[0]!, KEY);
    expect(head.version).toBe(11);
    expect([...textOf(content)].sort().join("")).toBe("ABCDEFGHIJ");
  });

  test("100 patches at once all count", async () => {
    const clients = (await cores()).slice(0, 1);
    await save(clients[0]!, "");
    await together(100, (i) =>
      patchState(clients[0]!, KEY, {
        caller: {},
        checkpoint: "never",
        request: ["add", i],
        change: (content) => new Uint8Array([...content, i]),
      }),
    );
    const { head, content } = await readState(clients[0]!, KEY);
    expect([head.version, new Set(content as Uint8Array).size]).toEqual([101, 100]);
  });

  test("50 workers resume: one gets the lease", async () => {
    const clients = await cores();
    await save(clients[0]!, "state");
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        resume(clients[i % clients.length]!, KEY, { owner: `worker-${i}`, ttlSeconds: 60 }),
      ),
    );
    const won = outcomes.filter((each) => each.status === "fulfilled");
    expect(won.map((each) => [each.value.fence, each.value.attempt])).toEqual([[1, 1]]);
    const lost = outcomes.flatMap((each) =>
      each.status === "rejected" ? [(each.reason as CairnError).code] : [],
    );
    expect(new Set(lost)).toEqual(new Set(["lease_held"]));
  });

  test("saves, checkpoints and reads in each other's way: all land, every read is whole", async () => {
    const clients = await cores();
    await save(clients[0]!, "0 ".repeat(500));
    const client = (i: number) => clients[i % clients.length]!;
    await Promise.all([
      together(15, (i) => save(client(i), `${i} `.repeat(500))),
      together(10, (i) => createCheckpoint(client(i), KEY, { caller: {} })),
      together(20, async (i) => {
        const words = textOf((await readState(client(i), KEY)).content)
          .trim()
          .split(" ");
        expect([words.length, new Set(words).size]).toEqual([500, 1]);
      }),
    ]);
    expect((await readState(clients[0]!, KEY)).head.version).toBe(16);
    expect((await listCheckpoints(clients[0]!, KEY, { limit: 50 })).data).toHaveLength(10);
  });

  test("a key that is sent 20 times at once saves once", async () => {
    const clients = await cores();
    const saved = await together(20, (i) =>
      save(clients[i % clients.length]!, "same", { idempotencyKey: "k", checkpoint: true }),
    );
    expect(saved.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(saved.map(({ result }) => JSON.stringify(result))).size).toBe(1);
    expect((await readState(clients[0]!, KEY)).head.version).toBe(1);
  });

  test("a holder that is fenced out in the middle of its saves lands none after", async () => {
    const clients = await cores();
    await save(clients[0]!, "first");
    const { lease } = await acquireLease(clients[0]!, KEY, { owner: "one", ttlSeconds: 60 });
    const saves = together(20, (i) =>
      save(clients[0]!, `old ${i}`, { fence: lease.fence }).then(
        ({ result }) => result.version,
        (error: CairnError) => error.code,
      ),
    );
    const taken = await acquireLease(clients.at(-1)!, KEY, { owner: "one", ttlSeconds: 60 });
    const { head } = await readState(clients.at(-1)!, KEY);
    const outcomes = await saves;
    const landed = outcomes.filter((each) => typeof each === "number");
    expect(outcomes.filter((each) => each !== "fence_lost")).toEqual(landed);
    expect((await readState(clients[0]!, KEY)).head.version).toBe(head.version);
    expect(Math.max(1, ...landed)).toBe(head.version);
    expect(taken.lease.fence).toBe(lease.fence + 1);
  });
});
