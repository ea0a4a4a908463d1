import { beforeAll, describe, expect, inject, it } from "vitest";
import { noise, saving } from "../../src/backends/contract/support.ts";
import { backendContract } from "../../src/backends/contract.ts";
import { redisOver } from "../../src/backends/redis/backend.ts";
import { upstashTransport } from "../../src/backends/redis/upstash.ts";

let where: { url: string; token: string };

beforeAll(async () => {
  where = await (await fetch(`${inject("servers")}/upstash`)).json();
}, 60_000);

/** The storage contract inside workerd, over Upstash's REST protocol to a real Redis. */
backendContract(
  async () => {
    let ahead = 0;
    const open = () => redisOver(upstashTransport(where), { ahead: () => ahead });
    const backend = open();
    return {
      backend,
      reopen: async () => open(),
      cleanup: () => backend.close(),
      advance: async (seconds) => {
        ahead += seconds * 1000;
      },
    };
  },
  { describe, it, expect },
);

it("a state of 20 MB is saved and loaded, in requests of 1 MB", async () => {
  const backend = redisOver(upstashTransport(where));
  const key = { tenant: "large", pipelineId: "p" };
  const content = noise(20_000_000);
  const [outcome] = await backend.commit([await saving(key, 0, content)]);
  expect(outcome!.ok).toBe(true);
  const { frames } = (await backend.load(key, { frames: true }))!;
  expect(Buffer.compare(frames[0]!, content)).toBe(0);
}, 60_000);

it("where nobody listens the store is unavailable, or the outcome unknown: never a refusal", async () => {
  const backend = redisOver(upstashTransport({ url: "http://127.0.0.1:1", token: "t" }));
  const commit = await saving({ tenant: "none", pipelineId: "p" }, 0, "v1");
  const error = await backend.commit([commit]).catch((cause: Error) => cause);
  expect(["OutcomeUnknown", "CairnError"]).toContain((error as Error).name);
});
