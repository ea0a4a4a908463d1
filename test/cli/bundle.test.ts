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

test("a missing entry says so", async () => {
  await expect(bundleWorker("functions/none.ts")).rejects.toThrow("functions/none.ts");
});
