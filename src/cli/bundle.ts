import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Bundles one Worker into one ES module for workerd: what `npm start`, the bundle budget and the benches run.
 * The same sources give the same bytes, wherever it is called from.
 *
 * @param entry path of the Worker's entry file, relative to the repository or absolute
 * @returns the minified module; only `node:*` imports are left in it, which `nodejs_compat` answers
 * @throws esbuild's BuildFailure, with the place in its message
 */
export async function bundleWorker(entry: string): Promise<string> {
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
    external: ["node:*"],
  });
  return result.outputFiles[0]!.text;
}
