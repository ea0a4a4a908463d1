import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** SIGKILL, also of one that was stopped; resolves when it has ended. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
