import { spawnSync } from "node:child_process";

/** Every gate, the quick ones first: the npm script that runs it, and what it is about. */
const gates = {
  types: "types",
  lint: "lint and format",
  unused: "unused files, exports and dependencies",
  test: "tests",
  budget: "size of the bundles",
};

for (const [script, about] of Object.entries(gates)) {
  console.log(`\n== ${about} (npm run ${script})`);
  const start = performance.now();
  const { status } = spawnSync("npm", ["run", "--silent", script], { stdio: "inherit" });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status !== 0) {
    console.error(`\nverify: FAILED at ${about} (npm run ${script}), after ${seconds} s`);
    process.exit(1);
  }
  console.log(`== ${about}: ok, ${seconds} s`);
}
console.log("\nverify: every gate passed");
