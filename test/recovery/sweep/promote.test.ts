import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Policy } from "../../../src/model/pipeline.ts";
import { serviceInTime } from "./bench.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

describe("a pipeline that only saves", () => {
  test.each<Policy>([
    { strategy: "time", maxIntervalSeconds: 600 },
    { strategy: "adaptive" },
    { strategy: "always" },
  ])("gets its first checkpoint from the sweep: %j", async (policy) => {
    const s = serviceInTime();
    await s.put("a", { policy });
    await s.save("a", "one");
    expect((await s.head("a")).lookAt).not.toBeNull();
    s.pass(61);
    expect(await s.sweep()).toMatchObject({ due: 1, promoted: 1 });
    expect(await s.head("a")).toMatchObject({ checkpointCount: 1, lookAt: null });
    expect((await s.head("a")).lastCheckpoint).toMatchObject({
      ...{ version: 1, source: "state", reason: expect.any(String) },
      metadata: { decision: { strategy: policy.strategy, checkpointCostSeconds: expect.any(Number) } },
    });
    expect(await s.events("a")).toEqual(["created", "checkpointed"]);
    s.pass(3600);
    expect(await s.sweep()).toMatchObject({ due: 0 });
  });

  test("gets more of them as its policy says, and no sooner", async () => {
    const s = serviceInTime();
    await s.put("a", { policy: { strategy: "time", maxIntervalSeconds: 600 } });
    await s.save("a", "0");
    const made: number[] = [];
    for (let minute = 1; minute <= 60; minute++) {
      s.pass(60);
      await s.save("a", `${minute}`);
      if ((await s.sweep()).promoted === 1) made.push(minute);
    }
    expect(made.length).toBeGreaterThanOrEqual(5);
    for (const [i, minute] of made.slice(1).entries()) expect(minute - made[i]!).toBeGreaterThanOrEqual(10);
    expect((await s.head("a")).checkpointCount).toBe(made.length);
  });

  test("is left alone without a strategy, with one that needs to be told something, and with `never`", async () => {
    const s = serviceInTime();
    for (const [id, policy] of Object.entries<Policy>({
      none: {},
      bounds: { maxIntervalSeconds: 1 },
      never: { strategy: "never" },
      event: { strategy: "event" },
    })) {
      await s.put(id, { policy });
      await s.save(id);
    }
    s.pass(7200);
    expect(await s.sweep()).toMatchObject({ due: 0, promoted: 0 });
  });

  test("that is leased is promoted under its holder's fence, who goes on", async () => {
    const s = serviceInTime();
    await s.put("a", { policy: { strategy: "always" } });
    const { fence } = await s.lease("a", 3600);
    await s.save("a", "one", fence);
    s.pass(61);
    expect(await s.sweep()).toMatchObject({ promoted: 1, interrupted: 0 });
    expect(await s.save("a", "two", fence)).toMatchObject({ result: { version: 2 } });
  });

  test("that saves between the sweep's look and its commit is looked at again, and overlapping sweeps make one", async () => {
    const s = serviceInTime();
    await s.put("a", { policy: { strategy: "always" } });
    await s.save("a", "one");
    s.pass(61);
    const { commit } = s.backend;
    let saved = false;
    s.backend.commit = async (commits) => {
      if (!saved && commits[0]!.effects.checkpoint) {
        saved = true;
        await s.save("a", "between");
      }
      return commit.call(s.backend, commits);
    };
    const sums = await Promise.all([s.sweep(), s.sweep()]);
    expect(saved).toBe(true);
    expect(sums[0]!.promoted + sums[1]!.promoted).toBe(1);
    expect((await s.head("a")).lastCheckpoint).toMatchObject({ version: 2 });
    expect((await s.head("a")).checkpointCount).toBe(1);
  });

  test("never goes over its budget, by a byte", async () => {
    const s = serviceInTime();
    await s.put("a", { policy: { strategy: "always", storageBudgetBytes: 5 } });
    await s.save("a", "12345");
    s.pass(61);
    expect(await s.sweep()).toMatchObject({ promoted: 1 });
    await s.save("a", "x");
    s.pass(61);
    expect(await s.sweep()).toMatchObject({ due: 1, promoted: 0 });
    expect(await s.head("a")).toMatchObject({ checkpointCount: 1, lookAt: expect.any(String) });
  });
});
