import { parentPort, workerData } from "node:worker_threads";
import { drawCase } from "./cases.ts";
import { judge } from "./judge.ts";
import type { Task } from "./pool.ts";
import { readTraces } from "./traces.ts";

/** Judges one case after the other, as the pool hands them out. */
const traces = readTraces(workerData);
parentPort!.on("message", ({ seed, options, policies }: Task) => {
  parentPort!.postMessage(judge(drawCase(traces, seed, options), policies));
});
