import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process of ours. */
export interface Child {
  process: ChildProcess;
  /** Resolves with the exit code, or the signal's name, when it has ended and everything is read. */
  ended: Promise<number | string>;
  /** What it wrote to standard error. */
  errors(): string;
  /** False from the moment that it is killed. */
  isAlive(): boolean;
  /** SIGKILL: to it, or to its whole group where it leads one. */
  kill(): void;
}

const living = new Set<Child>();
const folders: string[] = [];

/**
 * Starts a script of ours under this very Node.
 *
 * @param group whether it leads a process group of its own, and is killed with all that it has started
 */
export function startChild(args: string[], options: SpawnOptions, group = false): Child {
  const child = spawn(process.execPath, args, { ...options, detached: group });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  let alive = true;
  const ours: Child = {
    process: child,
    ended: once(child, "close").then(([code, signal]) => code ?? signal),
    errors: () => errors,
    isAlive: () => alive,
    kill: () => {
      if (alive && child.pid !== undefined) process.kill(group ? -child.pid : child.pid, "SIGKILL");
      alive = false;
    },
  };
  living.add(ours);
  // Once it is gone, its id may be another's.
  child.on("exit", () => {
    alive = false;
    living.delete(ours);
  });
  return ours;
}

/** A folder that goes when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cairn-demo-"));
  folders.push(folder);
  return folder;
}

/** However this process ends (short of SIGKILL), nothing of it stays: no process, no folder. */
export function cleanUpAtExit(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
  process.on("exit", () => {
    for (const child of living) child.kill();
    // Whoever is just being killed may still write.
    for (const folder of folders)
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  });
}
