import { defineConfig } from "vitest/config";

/** What `npm run browser` runs, and `npm test` does not: it needs Chromium, 300 MB. */
export default defineConfig({
  test: { include: ["test/browser/*.test.ts"], testTimeout: 60_000, hookTimeout: 600_000 },
});
