import { Miniflare } from "miniflare";
import { bundleWorker } from "../src/cli/bundle.ts";
import { compatibilityDate, startRuntime } from "../src/cli/runtime.ts";

export const about = "bare Hono against Cairn: from nothing to the first answer of GET /health";

const workers = { hono: "bench/workers/hono.ts", cairn: "functions/worker.ts" };

type Name = keyof typeof workers;
type Times = Record<Name, number[]>;

/** Words: the number of rounds (default 15, at least 10); every round starts each Worker once. */
export async function run([rounds = "15"]: string[]): Promise<void> {
  const count = Math.max(10, Number(rounds));
  const scripts = { hono: await bundleWorker(workers.hono), cairn: await bundleWorker(workers.cairn) };
  const kilobytes = (name: Name) => `${name} ${(scripts[name].length / 1000).toFixed(0)} kB`;
  console.log(
    `${count} rounds, alternating. Bundles: ${kilobytes("hono")}, ${kilobytes("cairn")} minified.\n`,
  );
  report("A fresh workerd, from its start to the first answer", await freshRuntimes(scripts, count));
  report("A fresh isolate in a warm workerd, to the first answer", await freshIsolates(scripts, count));
}

/** Times `measure` for both Workers in turn, the first of a round changing from round to round. */
async function alternate(count: number, measure: (name: Name) => Promise<number>): Promise<Times> {
  const times: Times = { hono: [], cairn: [] };
  for (let round = 0; round < count; round++) {
    const order: Name[] = round % 2 === 0 ? ["hono", "cairn"] : ["cairn", "hono"];
    for (const name of order) times[name].push(await measure(name));
  }
  return times;
}

function freshRuntimes(scripts: Record<Name, string>, count: number): Promise<Times> {
  const fixed = { host: "127.0.0.1", port: 0, bucket: "bench", bindings: {} };
  return alternate(count, async (name) => {
    const start = performance.now();
    const runtime = await startRuntime({ ...fixed, script: scripts[name], onDeath: fail });
    await answer(`${runtime.url}/health`);
    const time = performance.now() - start;
    await runtime.stop();
    return time;
  });
}

function fail(reason: string): void {
  throw new Error(reason);
}

async function answer(url: string): Promise<void> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
}

/** One Worker that loads others: each `get` of a new name compiles and starts the code in a new isolate. */
const loader = `
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, worker, id] = url.pathname.split("/");
    const code = () => ({
      compatibilityDate: env.DATE,
      compatibilityFlags: ["nodejs_compat"],
      mainModule: "worker.js",
      modules: { "worker.js": env[worker] },
      env: { CAIRN_BUCKET: {} },
    });
    return env.LOADER.get(worker + id, code).getEntrypoint().fetch("http://127.0.0.1/health");
  },
};`;

async function freshIsolates(scripts: Record<Name, string>, count: number): Promise<Times> {
  const text = (value: string) => ({ type: "text" as const, value });
  const env = { ...{ hono: text(scripts.hono), cairn: text(scripts.cairn) }, DATE: text(compatibilityDate) };
  const manifest = {
    mainModule: "loader.js",
    modules: { "loader.js": { type: "esm" as const, contents: loader } },
  };
  const config = {
    name: "loader",
    compatibilityDate,
    manifest,
    env: { ...env, LOADER: { type: "worker-loader" as const } },
  };
  const miniflare = new Miniflare({ cf: false, enableDevRegistry: false, port: 0, workers: [{ config }] });
  try {
    const url = await miniflare.ready;
    await answer(new URL("/hono/warm", url).href);
    let id = 0;
    return await alternate(count, async (name) => {
      const start = performance.now();
      await answer(new URL(`/${name}/${id++}`, url).href);
      return performance.now() - start;
    });
  } finally {
    await miniflare.dispose();
  }
}

function report(title: string, times: Times): void {
  console.log(title);
  for (const name of ["hono", "cairn"] as const) {
    const sorted = times[name].toSorted((a, b) => a - b);
    const [least, middle, most] = [sorted[0], median(sorted), sorted.at(-1)].map(
      (ms) => `${ms!.toFixed(1)} ms`,
    );
    console.log(`  ${name.padEnd(6)} median ${middle}   min ${least}   max ${most}`);
  }
  console.log(`  cairn : hono = ${(median(times.cairn) / median(times.hono)).toFixed(2)} (medians)\n`);
}

function median(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
