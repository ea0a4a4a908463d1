import { createRequire } from "node:module";
import type { Miniflare } from "miniflare";
import { compatibilityDate } from "./compatibility.ts";
import { tiedScript } from "./local/tie.ts";
import { findNeeded } from "./needed.ts";

export interface RuntimeOptions {
  /** The Worker, one ES module. */
  script: string;
  host: string;
  /** 0 for any free port. */
  port: number;
  /** Folder that R2 lives in; absent: storage that ends with the runtime. */
  dataFolder?: string;
  /** Name of the bucket behind the binding `CAIRN_BUCKET`. */
  bucket: string;
  bindings: Record<string, string>;
  /** Called with the reason when workerd ended without being asked to. */
  onDeath(reason: string): void;
}

export interface Runtime {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** Runs the Worker's scheduled handler once; rejects when the handler failed. */
  runCron(): Promise<void>;
  /** Ends workerd and waits until it is gone. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a Worker in workerd, with an R2 bucket kept in a folder. workerd ends with this process,
 * even when this process is killed (see local/tied.sh).
 *
 * @throws StartError without Miniflare; Miniflare's MiniflareCoreError; `code` is `ERR_ADDRESS_IN_USE` when the port is taken
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  tieWorkerdToThisProcess();
  const { Miniflare } = await import("miniflare");
  let stopped: Promise<void> | undefined;
  const died = (reason: string) => {
    if (!stopped) options.onDeath(reason);
  };
  const miniflare = new Miniflare(configure(options, died));
  let watch: NodeJS.Timeout | undefined;
  const stop = () => {
    clearInterval(watch);
    stopped ??= miniflare.dispose();
    return stopped;
  };
  try {
    const url = await miniflare.unsafeGetDirectURL();
    // A restart that failed is reported nowhere else.
    watch = setInterval(() => miniflare.ready.catch((error) => died(String(error))), 1000);
    return { url: url.origin, runCron: () => runCron(miniflare), stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

type MiniflareOptions = ConstructorParameters<typeof Miniflare>[0];

function configure(options: RuntimeOptions, died: (reason: string) => void): MiniflareOptions {
  const { host, port, dataFolder } = options;
  return {
    // Miniflare's own entry answers more than the Worker does: it serves buckets to anyone. So the Worker
    // gets a socket of its own, and the entry a port that nobody is told.
    host: "127.0.0.1",
    port: 0,
    cf: false,
    enableDevRegistry: false,
    ...(dataFolder === undefined ? {} : { resourcePersistencePath: dataFolder }),
    unsafeHandleRuntimeRestart: () => died("workerd ended unexpectedly"),
    workers: [{ config: worker(options), dev: { unsafeDirectSockets: [{ host, port }], cacheAPI: false } }],
  };
}

function worker(options: RuntimeOptions): MiniflareOptions["workers"][number]["config"] {
  const variables = Object.entries(options.bindings).map(
    ([name, value]) => [name, { type: "text" as const, value }] as const,
  );
  return {
    name: "cairn",
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    manifest: {
      mainModule: "worker.js",
      modules: { "worker.js": { type: "esm", contents: options.script } },
    },
    env: { ...Object.fromEntries(variables), CAIRN_BUCKET: { type: "r2", name: options.bucket } },
  };
}

/** Has Miniflare start workerd through tied.sh, from here on and for every runtime of this process. */
function tieWorkerdToThisProcess(): void {
  // workerd is Miniflare's dependency, not ours: the version it was made for is the right one.
  const workerd: { default: string } = createRequire(findNeeded("miniflare"))("workerd");
  process.env.TIED_PROGRAM = workerd.default;
  process.env.MINIFLARE_WORKERD_PATH = tiedScript;
}

/** workerd fires no cron trigger by itself. */
async function runCron(miniflare: Miniflare): Promise<void> {
  const fetcher = await miniflare.getWorker();
  const { outcome } = await fetcher.scheduled({ cron: "* * * * *", scheduledTime: new Date() });
  if (outcome !== "ok") throw new Error(`The scheduled handler ended with "${outcome}"`);
}
