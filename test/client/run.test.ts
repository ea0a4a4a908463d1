import { describe, expect, test } from "vitest";
import { CairnLeaseError, type Run } from "../../src/client/index.ts";
import { problem, type Service, startService } from "./service.ts";

const failing = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
const kind = { kind: "nightly" };
const saves = ({ seen }: Service) => seen.filter(({ path }) => path.includes("/state?"));

describe("a run", () => {
  test("does its steps, is completed, and answers what it came to when it is run again", async () => {
    const service = await startService();
    const done: string[] = [];
    const work = async (run: Run) => {
      const a = await run.step("a", () => done.push("a"));
      const b = await run.step("b", async () => {
        done.push("b");
        return new Set([a]);
      });
      expect(b).toEqual(new Set([1]));
      return { at: new Date(0) };
    };
    const first = await service.client().run("p", kind, work);
    expect(await service.client().run("p", kind, work)).toEqual(first);
    expect(done).toEqual(["a", "b"]);
    const pipeline = await service.client().pipeline("p").get();
    expect(pipeline).toMatchObject({ status: "completed", kind: "nightly", lease: null, attempt: 1 });
  });

  test("goes on from what was saved, and fails with the error of its work", async () => {
    const service = await startService();
    const done: string[] = [];
    const work = (dies: boolean) => async (run: Run) => {
      for (const name of ["a", "b", "c"]) await run.step(name, () => done.push(name));
      if (dies) throw new Error("its own mistake");
      return run.attempt;
    };
    const policy = { policy: { strategy: "always" as const } };
    expect(await failing(service.client().run("p", policy, work(true)))).toMatchObject({
      message: "its own mistake",
    });
    expect(await service.client().pipeline("p").get()).toMatchObject({ status: "failed" });
    expect(await service.client().run("p", policy, work(false))).toBe(2);
    expect(done).toEqual(["a", "b", "c"]);
  });

  test("sends nothing that need not be sent: short steps cost no save but the last", async () => {
    const service = await startService();
    await service.client().run("p", kind, async (run) => {
      for (let i = 0; i < 50; i++) await run.step(`step ${i}`, () => i);
    });
    expect(saves(service)).toHaveLength(1);
    const always = { policy: { strategy: "always" as const } };
    await service.client().run("q", always, async (run) => {
      for (let i = 0; i < 5; i++)
        await run.step(`étape ${i}`, () => i, { criticality: 0.5, fanOut: 2, progress: i / 5 });
    });
    expect(saves(service)).toHaveLength(1 + 5 + 1);
    expect(saves(service)[0]!.headers.get("Cairn-Task")!.split(", ")).toHaveLength(32);
  });

  test("does steps side by side; one name is one step", async () => {
    const service = await startService();
    let times = 0;
    const slow = () => new Promise((resolve) => setTimeout(() => resolve(++times), 20));
    const policy = { policy: { strategy: "always" as const } };
    const results = await service
      .client()
      .run("p", policy, (run) => Promise.all([...Array(8).keys()].map((i) => run.step(`s${i % 4}`, slow))));
    expect(new Set(results)).toEqual(new Set([1, 2, 3, 4]));
    const { value } = (await service.client().pipeline("p").load<{ steps: object }>())!;
    expect(Object.keys(value.steps).sort()).toEqual(["s0", "s1", "s2", "s3"]);
  });

  test("is one's at a time", async () => {
    const service = await startService();
    await service.client().run("p", { owner: "a" }, async () => {
      const other = service.client().run("p", { owner: "b" }, async () => expect.unreachable());
      expect(await failing(other)).toMatchObject({
        code: "lease_held",
        retryAfterSeconds: expect.any(Number),
      });
    });
  });

  test("that lost its lease is stopped: its signal is aborted, nothing more of it is saved, and it has not failed", async () => {
    const service = await startService();
    const policy = { policy: { strategy: "always" as const } };
    const error = await failing(
      service.client().run("p", { ...policy, owner: "a" }, async (run) => {
        await run.step("a", () => 1);
        await run.pipeline.resume({ owner: "a" });
        const told = new Promise((resolve) => run.signal.addEventListener("abort", resolve));
        await failing(run.heartbeat());
        await told;
        await run.step("b", () => expect.unreachable());
      }),
    );
    expect(error).toBeInstanceOf(CairnLeaseError);
    expect(await service.client().pipeline("p").get()).toMatchObject({
      status: "running",
      fence: 2,
      version: 1,
    });
  });

  test("that reaches no service works on while its lease lasts, and is stopped when it has run out", async () => {
    const service = await startService();
    const client = service.client({ timeoutSeconds: 1 });
    const policy = { policy: { strategy: "always" as const }, ttlSeconds: 3 };
    let steps = 0;
    const error = await failing(
      client.run("p", policy, async (run) => {
        service.instead = () => problem(503, "backend_unavailable");
        for (; ; steps++) {
          await run.step(`${steps}`, () => new Promise((resolve) => setTimeout(resolve, 100)));
        }
      }),
    );
    expect(error).toMatchObject({ code: "lease_lost" });
    expect(steps).toBeGreaterThan(0);
  }, 30_000);

  test("whose end the service does not take has not failed: whoever runs it next ends it, and does no step again", async () => {
    const service = await startService();
    const options = { ttlSeconds: 1, waitSeconds: 10, policy: { strategy: "always" as const } };
    let steps = 0;
    const run = () => service.client().run("p", options, (run) => run.step("a", () => ++steps));
    service.instead = ({ method, path }) =>
      method === "PATCH" && path === "/v1/pipelines/p" ? problem(503, "backend_unavailable") : undefined;
    expect(await failing(run())).toMatchObject({ code: "backend_unavailable" });
    expect(await service.client().pipeline("p").get()).toMatchObject({ status: "running" });
    service.instead = null;
    expect(await run()).toBe(1);
    expect(await service.client().pipeline("p").get()).toMatchObject({ status: "completed" });
  });

  test("fails at a result that cannot be kept, when it is to be saved", async () => {
    const service = await startService();
    const options = { policy: { strategy: "always" as const } };
    const run = service.client().run("p", options, async (run) => {
      await run.step("a", () => 1);
      await run.step("b", () => () => 2);
      await run.step("c", () => expect.unreachable());
    });
    expect(await failing(run)).toMatchObject({ code: "unsupported_value" });
    expect(await service.client().pipeline("p").get()).toMatchObject({ status: "failed", version: 1 });
  });

  test("of which the service holds a state of another making is left alone", async () => {
    const service = await startService();
    await service.client().pipeline("p").save({ mine: 1 });
    const error = await failing(service.client().run("p", {}, async () => expect.unreachable()));
    expect(error).toMatchObject({ code: "invalid_argument" });
    expect((await service.client().pipeline("p").load())?.value).toEqual({ mine: 1 });
  });

  test("heartbeats by itself, and learns what others have learned", async () => {
    const service = await startService();
    await service.client().run("p", { ttlSeconds: 1 }, async (run) => {
      await run.step("slow", () => new Promise((resolve) => setTimeout(resolve, 2500)));
    });
    const beats = service.seen.filter(({ path, method }) => path.endsWith("/lease") && method === "PUT");
    expect(beats.length).toBeGreaterThanOrEqual(3);
    for (const { headers } of beats) expect(headers.get("Prefer")).toBe("profile");
    expect(await service.client().pipeline("p").get()).toMatchObject({ status: "completed" });
  });

  test("is stopped when its lease runs out, though the service hangs and says nothing", async () => {
    const service = await startService();
    let hang = false;
    const fetch: typeof globalThis.fetch = (input, init) =>
      hang ? new Promise(() => {}) : globalThis.fetch(input, init);
    const client = service.client({ fetch, timeoutSeconds: 60 });
    const began = performance.now();
    const error = await failing(
      client.run("p", { ttlSeconds: 2 }, async (run) => {
        hang = true;
        await run.step(
          "slow",
          (signal) =>
            new Promise((_, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason));
            }),
        );
      }),
    );
    expect(error).toBeInstanceOf(CairnLeaseError);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test("saves as its policy says: by progress, and none twice of steps that end together", async () => {
    const service = await startService();
    const policy = { policy: { strategy: "progress" as const, progressStep: 0.25 } };
    await service.client().run("p", policy, async (run) => {
      for (let i = 1; i <= 10; i++) await run.step(`${i}`, () => i, { progress: i / 10 });
    });
    // After 3, 6 and 9 tenths, and at the end.
    expect(saves(service)).toHaveLength(4);
    const always = { policy: { strategy: "always" as const } };
    await service
      .client()
      .run("q", always, (run) =>
        Promise.all(Array.from({ length: 20 }, (_, i) => run.step(`${i}`, async () => i))),
      );
    expect(saves(service).length - 4).toBeLessThanOrEqual(3);
  });
});
