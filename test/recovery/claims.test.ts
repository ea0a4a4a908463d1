import { expect, it } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { claim } from "../../src/recovery/claims.ts";
import { service } from "./sweep/bench.ts";

it("gives a pipeline to one of two claimers of one name, however their reads and commits mix", async () => {
  let between = async () => {};
  const s = service((now) => {
    const inner = memoryBackend({ now });
    return {
      ...inner,
      async load(key, options) {
        if (options?.frames) await between();
        return inner.load(key, options);
      },
    };
  });
  await s.save("a");
  await s.lease("a");
  s.pass(31);
  await s.sweep();
  const take = () => claim(s.core, "acme", { owner: "w", ttlSeconds: 60 });
  const other: unknown[] = [];
  between = async () => {
    between = async () => {};
    other.push(...(await take()));
  };
  const own = await take();
  expect([own, other]).toEqual([[], [expect.objectContaining({ pipelineId: "a", attempt: 1 })]]);
});

it("finds a kind behind any number of interrupted pipelines of other kinds", async () => {
  const { core, put, save, key } = service();
  const interrupt = async (id: string, kind: string) => {
    await put(id, { kind });
    await save(id);
    const effects = { status: "interrupted" as const };
    const expectation = { create: "never" as const };
    const [outcome] = await core.backend.commit([
      { key: key(id), writeId: id, digest: "0".repeat(64), expect: expectation, effects },
    ]);
    expect(outcome!.ok).toBe(true);
  };
  for (let i = 0; i < 501; i++) await interrupt(`a${i}`, "nightly");
  await interrupt("z", "train");
  const claimOf = (...kinds: string[]) => claim(core, "acme", { owner: "w", ttlSeconds: 30, kinds });
  expect(await claimOf("other", "none")).toEqual([]);
  expect((await claimOf("other", "train")).map(({ pipelineId }) => pipelineId)).toEqual(["z"]);
});
