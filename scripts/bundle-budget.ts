import { gzipSync } from "node:zlib";
import { bundleWorker } from "../src/cli/bundle.ts";

/** What the Worker may weigh, gzipped, in kB of 1,000 bytes. */
const budget = 200;

for (const backend of ["object", "postgres", "redis", undefined]) {
  const code = Buffer.from(await bundleWorker("functions/worker.ts", backend));
  const gzipped = gzipSync(code, { level: 9 }).length / 1000;
  const minified = (code.length / 1000).toFixed(1);
  const name = `Worker for ${backend ?? "any store"}`.padEnd(22);
  console.log(`${name} ${minified} kB minified, ${gzipped.toFixed(1)} kB gzipped, of ${budget} kB allowed`);
  if (gzipped > budget) {
    console.error(`The Worker is ${(gzipped - budget).toFixed(1)} kB over its budget`);
    process.exitCode = 1;
  }
}
