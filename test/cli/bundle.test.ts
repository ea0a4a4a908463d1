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

test("for one store, what the others need is left out, and runs all the same", async () => {
  // Neon's client and Upstash's, by a name that each has for itself.
  const marks = ["fetchEndpoint", "Upstash-Encoding"];
  const found = await Promise.all(
    ["object", "redis", "postgres", undefined].map(async (backend) => {
      const code = await bundleWorker("functions/worker.ts", backend);
      expect(code).not.toMatch(/import\("(@neondatabase|@upstash)/);
      return [backend, ...marks.map((mark) => code.includes(mark))];
    }),
  );
  expect(found).toEqual([
    ["object", false, false],
    ["redis", false, true],
    ["postgres", true, false],
    [undefined, true, true],
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
