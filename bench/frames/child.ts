import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Child<T> {
  pid: number;
  /** What it said when it was ready. */
  told: T;
  /** Sends it any message, and resolves with its answer. */
  ask(): Promise<unknown>;
  stop(): Promise<void>;
}

/** A file of `bench/workers` in a process of its own. @throws Error when it ends before it is ready */
export async function startChild<T>(name: string, args: readonly string[] = []): Promise<Child<T>> {
  const child = fork(fileURLToPath(new URL(`../workers/${name}`, import.meta.url)), args);
  const told = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error(`${name} ended`))),
  ]);
  async function ask(): Promise<unknown> {
    const answer = once(child, "message");
    child.send("tell");
    return (await answer)[0];
  }
  return { pid: child.pid!, told: told[0] as T, ask, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  await gone;
}
