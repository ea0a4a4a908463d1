import type { Entry } from "./journal.ts";
import type { Watcher } from "./run.ts";
import { tasks } from "./stages.ts";
import { bar, kilobytes, seconds } from "./text.ts";

export interface Progress extends Watcher {
  /** Takes the bar away; what was said stays. */
  end(): void;
}

const refreshMs = 100;

/** Says what happens, line by line, and on a terminal draws a bar below. Times count from now. */
export function showProgress(output: NodeJS.WriteStream): Progress {
  const start = Date.now();
  const now = { task: tasks[0]!.name, done: 0, bytes: 0, doing: "worker-1 starts" };

  const elapsed = () => seconds(Date.now() - start).padStart(7);
  const draw = () => {
    const place = `${now.task.split("/")[0]!.padEnd(15)} ${String(now.done).padStart(2)}/${tasks.length}`;
    const facts = `${elapsed()}  ${kilobytes(now.bytes)}  ${now.doing}`;
    const line = `${place} ${bar(now.done / tasks.length, 24)} ${facts}`;
    output.write(`\r\x1b[2K${line.slice(0, output.columns - 1)}`);
  };
  const clear = () => output.isTTY && output.write("\r\x1b[2K");
  const say = (text: string) => {
    clear();
    output.write(`${elapsed()}  ${text}\n`);
  };
  const timer = output.isTTY ? setInterval(draw, refreshMs) : undefined;

  return {
    entry(entry) {
      const text = tell(entry, now.task, Boolean(output.isTTY));
      if (text) say(text);
      if (entry.task) now.task = entry.task;
      if (entry.bytes) now.bytes = entry.bytes;
      now.done = doneBy(entry) ?? now.done;
      now.doing = entry.did === "waits" ? `${entry.worker} waits for the lease` : entry.worker;
    },
    killed(worker) {
      say(`SIGKILL ${worker}, at ${now.task}`);
      now.doing = "a successor starts";
    },
    serviceKilled: () => say("SIGKILL the service: Node and workerd"),
    serviceBack: (milliseconds) => say(`the service is back after ${seconds(milliseconds)}`),
    end() {
      clearInterval(timer);
      clear();
    },
  };
}

/** A bar tells of the stages by itself. */
function tell(
  { did, worker, task, done, seconds: wait }: Entry,
  before: string,
  withBar: boolean,
): string | null {
  if (did === "waits") return `${worker} waits ${wait} s: its predecessor's lease must run out`;
  if (did === "resumed") return `${worker} has the lease and goes on at task ${done! + 1} of ${tasks.length}`;
  if (did === "started" && !withBar && task !== before && task!.endsWith("/1"))
    return `${task!.split("/")[0]}`;
  return null;
}

function doneBy({ did, task, done }: Entry): number | undefined {
  if (did === "resumed") return done;
  return did === "saved" ? tasks.findIndex(({ name }) => name === task) + 1 : undefined;
}
