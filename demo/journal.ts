import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** One thing that a pipeline process did. It is written down before the next thing is begun. */
export interface Entry {
  /** Epoch milliseconds. */
  at: number;
  /** Which process: `worker-3`. */
  worker: string;
  did: "waits" | "resumed" | "started" | "saves" | "sends" | "saved" | "completed";
  task?: string;
  /** Of the state that is sent. */
  bytes?: number;
  /** How many tasks were done when it resumed. */
  done?: number;
  /** Seconds until the lease that it waits for runs out. */
  seconds?: number;
}

/** The list of what was really executed. It lies outside the service, so that it can bear witness about it. */
export function appendTo(file: string): (entry: Entry) => void {
  // The kernel has the line when this returns: a SIGKILL of the writer does not lose it.
  return (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

export function readJournal(file: string): Entry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Entry);
}
