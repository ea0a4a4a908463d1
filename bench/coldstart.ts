import { Miniflare } from "miniflare";
import { bundleWorker } from "../src/cli/bundle.ts";
import { compatibilityDate } from "../src/cli/compatibility.ts";
import { startRuntime } from "../src/cli/runtime.ts";
import { coldOnLambda } from "./coldstart/lambda.ts";
import { alternate, line, report, type Times } from "./coldstart/report.ts";

export const about = "Cairn against bare Hono in workerd, and a bare handler on Lambda: to the first answer";

const workers = { hono: "bench/workers/hono.ts", cairn: "functions/worker.ts" };

type Name = keyof typeof workers;
const NAMES = ["hono", "cairn"] as const;

/** Words: the number of rounds (default 15, at least 10), each starting each once; `lambda` or `workers` alone. */
export async function run(words: string[]): Promise<void> {
  const count = Math.max(10, Number(words.find((word) => /^\d+$/.test(word)) ?? "15"));
  if (!words.includes("lambda")) await coldWorkers(count);
  if (!words.includes("workers")) await coldOnLambda(count);
}

async function coldWorkers(count: number): Promise<void> {
  const scripts = {
    hono: await bundleWorker(workers.hono),
    cairn: await bundleWorker(workers.cairn, "object"),
  };
  const kilobytes = (name: Name) => `${name} ${(scripts[name].length / 1000).toFixed(0)} kB`;
  console.log(
    `${count} rounds, alternating. Bundles: ${kilobytes("hono")}, ${kilobytes("cairn")} minified.\n`,
  );
  report("A fresh workerd, from its start to the first answer", await freshRuntimes(scripts, count));
  const miniflare = startLoader(scripts);
  try {
    report("A fresh isolate in a warm workerd, to the first answer", await freshIsolates(miniflare, count));
    console.log("A fresh isolate in a warm workerd, to the answer of its first save into R2");
    console.log(line("cairn", await firstSaves(miniflare, count)));
  } finally {
    await miniflare.dispose();
  }
}

function freshRuntimes(scripts: Record<Name, string>, count: number): Promise<Times<Name>> {
  const fixed = { host: "127.0.0.1", port: 0, bucket: "bench", bindings: {} };
  return alternate(NAMES, count, async (name) => {
    const start = performance.now();
    const runtime = await startRuntime({ ...fixed, script: scripts[name], onDeath: fail });
    await answer(new URL("/health", runtime.url));
    const time = performance.now() - start;
    await runtime.stop();
    return time;
  });
}

function fail(reason: string): void {
  throw new Error(reason);
}

async function answer(url: URL, init?: RequestInit): Promise<void> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
}

/**
 * One Worker that loads others: each `get` of a new name compiles and starts the code in a new isolate. A binding
 * of R2 cannot be handed on, so the loader stands in front of it.
 */
const loader = `
import { WorkerEntrypoint } from "cloudflare:workers";

export class Bucket extends WorkerEntrypoint {
  async get(key) {
    const object = await this.env.BUCKET.get(key);
    const bytes = await object?.arrayBuffer();
    return object && { etag: object.etag, arrayBuffer: () => bytes };
  }
  async put(key, bytes, options) {
    const object = await this.env.BUCKET.put(key, bytes, options);
    return object && { etag: object.etag, uploaded: object.uploaded };
  }
}

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    const [, worker, id] = url.pathname.split("/", 3);
    const code = () => ({
      compatibilityDate: env.DATE,
      compatibilityFlags: ["nodejs_compat"],
      mainModule: "worker.js",
      modules: { "worker.js": env[worker] },
      env: { CAIRN_BUCKET: context.exports.Bucket({ props: {} }) },
    });
    const path = url.pathname.slice(worker.length + id.length + 2);
    return env.LOADER.get(worker + id, code).getEntrypoint().fetch(new Request("http://127.0.0.1" + path, request));
  },
};`;

function startLoader(scripts: Record<Name, string>): Miniflare {
  const text = (value: string) => ({ type: "text" as const, value });
  const env = { ...{ hono: text(scripts.hono), cairn: text(scripts.cairn) }, DATE: text(compatibilityDate) };
  const manifest = {
    mainModule: "loader.js",
    modules: { "loader.js": { type: "esm" as const, contents: loader } },
  };
  const bindings = {
    LOADER: { type: "worker-loader" as const },
    BUCKET: { type: "r2" as const, name: "bench" },
  };
  const config = { name: "loader", compatibilityDate, manifest, env: { ...env, ...bindings } };
  return new Miniflare({ cf: false, enableDevRegistry: false, port: 0, workers: [{ config }] });
}

async function freshIsolates(miniflare: Miniflare, count: number): Promise<Times<Name>> {
  const url = await miniflare.ready;
  await answer(new URL("/hono/warm/health", url));
  let id = 0;
  return alternate(NAMES, count, (name) => timed(new URL(`/${name}/${id++}/health`, url)));
}

/** About a kilobyte, as a pipeline's state may be: it is compressed. */
const state = { step: 1, done: Array.from({ length: 40 }, (_, i) => `task-${i} of the pipeline`) };

async function firstSaves(miniflare: Miniflare, count: number): Promise<number[]> {
  const url = await miniflare.ready;
  const save = {
    method: "PUT",
    body: JSON.stringify(state),
    headers: { "Content-Type": "application/json" },
  };
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    times.push(await timed(new URL(`/cairn/save${i}/v1/pipelines/p${i}/state`, url), save));
  }
  return times;
}

async function timed(url: URL, init?: RequestInit): Promise<number> {
  const start = performance.now();
  await answer(url, init);
  return performance.now() - start;
}
