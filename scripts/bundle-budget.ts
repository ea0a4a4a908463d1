import { gzipSync } from "node:zlib";
import { bundleWorker } from "../src/cli/bundle.ts";

/** What a Worker may weigh, gzipped, in kB of 1,000 bytes. One is deployed with the store that it is set to. */
const budget = 200;

for (const backend of ["object", "postgres", "redis", undefined]) {
  const code = Buffer.from(await bundleWorker("functions/worker.ts", backend));
  const gzipped = gzipSync(code, { level: 9 }).length / 1000;
  const minified = (code.length / 1000).toFixed(1);
  const name = `Worker for ${backend ?? "any store"}`.padEnd(22);
  console.log(`${name} ${minified} kB minified, ${gzipped.toFixed(1)} kB gzipped, of ${budget} kB allowed`);
  // All stores in one, for who wants to choose later: told, and not limited.
  if (gzipped > budget && backend !== undefined) {
    console.error(`The Worker is ${(gzipped - budget).toFixed(1)} kB over its budget`);
    process.exitCode = 1;
  }
}
