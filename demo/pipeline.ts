import { devNull } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { cairn, type Position, ttlSeconds } from "./cairn.ts";
import { createClient } from "./client.ts";
import { installedDocs } from "./corpus.ts";
import { appendTo, type Entry } from "./journal.ts";
import { remaining, type State, type Task } from "./stages.ts";

/*
 * One pipeline process, as any of yours could be: it takes the lease, goes on from the state it is given, and
 * saves after every task. It knows nothing of kills; whoever comes next finds what it has saved.
 */

const { values: options } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8787" },
    id: { type: "string", default: "readmes" },
    worker: { type: "string", default: `worker-${process.pid}` },
    journal: { type: "string", default: devNull },
    /** What a task lasts at least, milliseconds: there is something to watch, and to kill. */
    pace: { type: "string", default: "0" },
  },
});
const service = cairn(createClient(options.url), options.id);
const append = appendTo(options.journal);
const corpus = installedDocs();

async function main(): Promise<void> {
  if ((await service.register()) === "completed") return;
  let position = await service.resume(options.worker, (seconds) => note({ did: "waits", seconds }));
  note({ did: "resumed", done: position.state.done.length });
  const heart = beat(position.fence);
  for (const task of remaining(position.state)) position = await advance(task, position);
  await heart.stop();
  await service.complete(position.fence);
  note({ did: "completed" });
}

/** One task and its save. */
async function advance(task: Task, position: Position): Promise<Position> {
  note({ did: "started", task: task.name });
  const state = await run(task, position.state);
  note({ did: "saves", task: task.name });
  const text = JSON.stringify(state);
  note({ did: "sends", task: task.name, bytes: Buffer.byteLength(text) });
  const { version } = await service.save(task, text, position);
  note({ did: "saved", task: task.name });
  return { ...position, version, state };
}

async function run(task: Task, state: State): Promise<State> {
  const end = performance.now() + Number(options.pace);
  const result = task.run(state, corpus);
  await sleep(Math.max(0, end - performance.now()));
  return result;
}

/** Keeps the lease while a task takes longer than it lasts. Losing it ends the process: another goes on. */
function beat(fence: number) {
  let last = Promise.resolve();
  const beat = () => {
    last = last.then(() => service.heartbeat(fence)).catch(fail);
  };
  const timer = setInterval(beat, (ttlSeconds * 1000) / 3);
  return {
    /** Resolves when none is on its way any more. */
    stop(): Promise<void> {
      clearInterval(timer);
      return last;
    },
  };
}

function note(entry: Pick<Entry, "did" | "task" | "bytes" | "done" | "seconds">): void {
  const whole: Entry = { at: Date.now(), worker: options.worker, ...entry };
  append(whole);
  process.send?.(whole);
}

function fail(error: unknown): never {
  console.error(`${options.worker}: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}

// Started by the demo, it ends with it.
process.on("disconnect", () => process.exit(1));
await main().catch(fail);
process.channel?.unref();
