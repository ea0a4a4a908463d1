import { expect, test } from "vitest";
import { bundleWorker } from "../../src/cli/bundle.ts";

const entry = "test/runtime/fixtures/shelf.ts";

test("one ES module, the same bytes from anywhere", async () => {
  const here = await bundleWorker(entry);
  const before = process.cwd();
  process.chdir("/");
  const elsewhere = await bundleWorker(entry).finally(() => process.chdir(before));
  expect(elsewhere).toBe(here);
  expect(here).toContain("export{");
});

test("for one store, the clients of the others stay outside", async () => {
  const sizes = await Promise.all(
    ["object", "redis", "postgres", undefined].map(async (backend) => {
      const code = await bundleWorker("functions/worker.ts", backend);
      const outside = ["@neondatabase/serverless", "@upstash/redis/cloudflare"].map((name) =>
        code.includes(`import("${name}")`),
      );
      return [backend, ...outside];
    }),
  );
  expect(sizes).toEqual([
    ["object", true, true],
    ["redis", true, false],
    ["postgres", false, true],
    [undefined, false, false],
  ]);
});

test("the Worker does not carry the SQL of the migrations", async () => {
  const code = await bundleWorker("functions/worker.ts", "postgres");
  expect(code).toContain("0001_tables");
  expect(code).not.toMatch(/CREATE (TABLE|FUNCTION)/);
});

test("a missing entry says so", async () => {
  await expect(bundleWorker("functions/none.ts")).rejects.toThrow("functions/none.ts");
});
