import { gzipSync } from "node:zlib";
import { bundleLambda, bundleWorker, type LambdaBackend } from "../src/cli/bundle.ts";

/** What a Worker may weigh, gzipped, in kB of 1,000 bytes. One is deployed with the store that it is set to. */
const WORKER = 200;
/** What the package of the functions on Lambda may weigh, minified: all of it, and what is ours. */
const LAMBDA = 1000;
const LAMBDA_OURS = 400;

for (const backend of ["object", "postgres", "redis", undefined]) {
  const code = Buffer.from(await bundleWorker("functions/worker.ts", backend));
  const gzipped = gzipSync(code, { level: 9 }).length / 1000;
  const name = `Worker for ${backend ?? "any store"}`.padEnd(22);
  console.log(`${name} ${kB(code)} minified, ${gzipped.toFixed(1)} kB gzipped, of ${WORKER} kB allowed`);
  // All stores in one, for who wants to choose later: told, and not limited.
  if (backend !== undefined) limit("Worker", gzipped, WORKER);
}

for (const backend of ["object", "dynamodb", "postgres", "redis"] as const) {
  const [whole, ours] = [await weigh(backend, true), await weigh(backend, false)];
  const name = `Lambda for ${backend}`.padEnd(22);
  console.log(
    `${name} ${whole.toFixed(1)} kB minified of ${LAMBDA} kB allowed, ${ours.toFixed(1)} kB without clients`,
  );
  limit("package for Lambda", whole, LAMBDA);
  limit("package for Lambda without clients", ours, LAMBDA_OURS);
}

async function weigh(backend: LambdaBackend, clients: boolean): Promise<number> {
  const files = await bundleLambda(backend, { clients });
  return files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) / 1000;
}

function kB(code: Uint8Array): string {
  return `${(code.length / 1000).toFixed(1)} kB`;
}

function limit(what: string, weight: number, allowed: number): void {
  if (weight <= allowed) return;
  console.error(`The ${what} is ${(weight - allowed).toFixed(1)} kB over its budget`);
  process.exitCode = 1;
}
