import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { compatibilityDate } from "./src/cli/compatibility.ts";

/** Where the test run also writes its JSON report, for a machine to read. */
const report = process.env.CAIRN_TEST_REPORT;
const inWorkerd = "test/workerd/**/*.test.ts";
/** These need SST's platform, 400 MB: `npm run infra` fetches it and runs them. */
const ofInfra = "test/infra/**/*.test.ts";

/** These compile AWS's runtime client: `npm run lambda` runs them. */
const ofLambda = "test/functions/lambda.test.ts";

/** These need Chromium: `npm run browser` runs them. */
const ofBrowser = "test/browser/**/*.test.ts";

/** Minutes each: were they begun last, the other cores would wait for them. */
const LONGEST = ["/test/simulation/", "/test/cli/exec.", "/test/runtime/contract."];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      Number(!LONGEST.some((path) => moduleId.includes(path)));
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Two projects: most tests run in Node, those in test/workerd inside the runtime that serves. */
export default defineConfig({
  test: {
    reporters: report ? ["default", ["json", { outputFile: report }]] : ["default"],
    // A test that hangs is to fail, a machine that is busy is not: nothing here is measured by the clock.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most of a test's time is waiting for a server or a disk.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: [inWorkerd, ofInfra, ofLambda, ofBrowser],
        },
      },
      {
        plugins: [
          cloudflareTest({
            miniflare: {
              compatibilityDate,
              compatibilityFlags: ["nodejs_compat"],
              r2Buckets: ["CAIRN_BUCKET"],
              bindings: { CAIRN_R2_MIN_COMMIT_SECONDS: "0" },
            },
          }),
        ],
        test: {
          name: "workerd",
          include: [inWorkerd],
          globalSetup: ["test/support/workerd-servers.ts"],
        },
      },
    ],
  },
});
