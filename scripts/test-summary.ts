import { readFileSync } from "node:fs";

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}

/**
 * Prints `N passed, N failed` from a JSON report of vitest, given as the only argument. A test file that
 * could not even be loaded has no test that failed: it counts as one.
 */
const text = readFileSync(process.argv[2]!, "utf8");
const report: Report =
  text === "" ? { numPassedTests: 0, numFailedTests: 0, testResults: [] } : JSON.parse(text);
const broken = report.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0);
console.log(`${report.numPassedTests} passed, ${report.numFailedTests + broken.length} failed`);
