import { defineConfig } from "vitest/config";

/** What `npm run lambda` runs, and `npm test` does not: AWS's runtime client is compiled for it. */
export default defineConfig({
  test: { include: ["test/functions/lambda.test.ts"], testTimeout: 60_000, hookTimeout: 600_000 },
});
