import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Beside the code of the package (scripts/package.ts); in a clone there is none. */
const bundled = fileURLToPath(new URL("../worker.js", import.meta.url));

/** The Worker, one ES module: the package brings it along, a clone bundles its sources for that backend. */
export async function workerScript(backend: string): Promise<string> {
  if (existsSync(bundled)) return readFile(bundled, "utf8");
  const { bundleWorker } = await import("./bundle.ts");
  return bundleWorker("functions/worker.ts", backend);
}
