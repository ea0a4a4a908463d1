import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The client libraries of each store that a Worker can use; that of its bucket is the binding. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  postgres: ["@neondatabase/serverless"],
  redis: ["@upstash/redis/cloudflare"],
};

/**
 * Bundles one Worker into one ES module for workerd: what `npm start`, the bundle budget and the benches run.
 * The same sources give the same bytes, wherever it is called from.
 *
 * @param entry path of the Worker's entry file, relative to the repository or absolute
 * @param backend as `CAIRN_BACKEND` will say: leaves out the clients of other stores, for every kB costs a cold
 *   start 0.03 ms even if it never runs. Without it any store may be chosen later
 * @returns the minified module; `node:*` imports are left in it, which `nodejs_compat` answers
 * @throws esbuild's BuildFailure, with the place in its message
 */
export async function bundleWorker(entry: string, backend?: string): Promise<string> {
  const others = Object.entries(CLIENTS).filter(([name]) => backend !== undefined && name !== backend);
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    minify: true,
    legalComments: "none",
    logLevel: "silent",
    // "browser" comes last: where a package has a build for Workers, that one is meant.
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    platform: "neutral",
    external: ["node:*", ...others.flatMap(([, clients]) => clients)],
  });
  return result.outputFiles[0]!.text;
}
