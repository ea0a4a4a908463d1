import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { CaseOptions } from "./cases.ts";
import type { Judged } from "./judge.ts";

/** A case to be judged in another thread. */
export interface Task {
  seed: number;
  options: CaseOptions;
  policies: readonly string[];
}

/** Threads that judge cases, one for each core. */
export interface Pool {
  /** All that can be compared, in the order of the tasks. */
  judge(tasks: readonly Task[]): Promise<Judged[]>;
  close(): Promise<void>;
}

/** @param folder where the traces are */
export function createPool(folder: string): Pool {
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(new URL("./worker.ts", import.meta.url), { workerData: folder }),
  );
  return {
    async judge(tasks) {
      const judged: (Judged | undefined)[] = [];
      let next = 0;
      await Promise.all(
        workers.map(async (worker) => {
          while (next < tasks.length) {
            const index = next++;
            judged[index] = await ask(worker, tasks[index]!);
          }
        }),
      );
      return judged.filter((each) => each !== undefined);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, task: Task): Promise<Judged | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Judged | undefined>();
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.postMessage(task);
  return promise.finally(() => {
    worker.off("message", resolve);
    worker.off("error", reject);
  });
}
