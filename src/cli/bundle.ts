import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

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
 * @param backend as `CAIRN_BACKEND` will say: leaves out the drivers and clients of other stores, for every kB costs a cold
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
    plugins: [without(others.map(([name]) => name))],
  });
  return result.outputFiles[0]!.text;
}

/** Leaves the drivers of stores out, which `configuration/worker.ts` imports whatever store is set. */
function without(stores: readonly string[]): Plugin {
  return {
    name: "without",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.\/\w+\// }, ({ path, importer }) => {
        const left = importer.endsWith("configuration/worker.ts") && stores.includes(path.split("/")[1]!);
        return left ? { path, namespace: "left-out" } : undefined;
      });
      onLoad({ filter: /./, namespace: "left-out" }, () => ({ contents: "module.exports = {};" }));
    },
  };
}

/** A file of a function's package, its path relative to the package. */
export interface BundledFile {
  path: string;
  text: string;
}

/** What a Lambda function loads for each store: our driver, as `configuration/node.ts` names it, and its clients. */
const ON_LAMBDA: Readonly<Record<LambdaBackend, Record<"driver" | "clients", readonly string[]>>> = {
  object: {
    driver: ["../object/backend.ts", "../object/s3-store.ts", "../object/s3-sdk.ts"],
    clients: ["@aws-sdk/client-s3"],
  },
  dynamodb: {
    driver: ["../dynamodb/backend.ts", "../object/s3-store.ts", "../object/s3-sdk.ts"],
    clients: ["@aws-sdk/client-dynamodb", "@aws-sdk/client-s3"],
  },
  postgres: { driver: ["../postgres/index.ts"], clients: ["pg", "@neondatabase/serverless"] },
  redis: { driver: ["../redis/index.ts"], clients: ["@redis/client", "@upstash/redis/cloudflare"] },
};
/** What no function on Lambda has: stores of one machine, the migrations. */
const NEVER_ON_LAMBDA = ["../memory.ts", "../object/folder.ts", "@electric-sql/pglite", "./migrate.ts"];

export type LambdaBackend = "object" | "dynamodb" | "postgres" | "redis";

/**
 * Bundles the API and the sweep into one package for Lambda's Node: `api.mjs`, `sweep.mjs` and what they share or load
 * later. Only the given store is in it. The same sources give the same bytes, wherever it is called from.
 *
 * @param options `clients` false leaves out the client libraries, to weigh what is ours; `entries`: other functions
 */
export async function bundleLambda(
  backend: LambdaBackend,
  { clients = true, entries = ["functions/api.ts", "functions/sweep.ts"] } = {},
): Promise<BundledFile[]> {
  const own = ON_LAMBDA[backend];
  const all = Object.values(ON_LAMBDA).flatMap((each) => [...each.driver, ...each.clients]);
  const wanted = [...own.driver, ...(clients ? own.clients : [])];
  const outdir = join(root, "dist");
  const result = await build({
    entryPoints: entries,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    write: false,
    outdir,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    target: "node24",
    platform: "node",
    // The AWS SDK's builds as modules are a third of the others.
    mainFields: ["module", "main"],
    minify: true,
    legalComments: "none",
    logLevel: "silent",
    // `pg` is CommonJS, and asks for Node's modules by it.
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    external: [...NEVER_ON_LAMBDA, ...all.filter((name) => !wanted.includes(name))],
  });
  return result.outputFiles.map(({ path, text }) => ({ path: relative(outdir, path), text }));
}
