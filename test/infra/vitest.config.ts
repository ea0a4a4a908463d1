import { defineConfig } from "vitest/config";

/** What `npm run infra` runs, and `npm test` does not. */
export default defineConfig({
  test: {
    include: ["test/infra/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
