import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The script that ties a program, named in `TIED_PROGRAM`, to the process that starts it. */
export const tiedScript = fileURLToPath(new URL("tied.sh", import.meta.url));

export interface TiedOptions {
  cwd?: string;
  uid?: number;
  gid?: number;
}

/**
 * Starts a program that ends when this process does, even by SIGKILL.
 *
 * @returns the child; its process id is the program's own, signals reach it directly
 */
export function spawnTied(
  program: string,
  args: readonly string[],
  options: TiedOptions = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const env = { ...process.env, TIED_PROGRAM: program };
  // The script goes as text: the account that the program runs as may not be allowed to read the file.
  const script = readFileSync(tiedScript, "utf8");
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn("sh", ["-c", script, "tied", ...args], { ...options, env, stdio: [...stdio] });
  // Lets the watcher go, a moment later: what the program said last is still to be read.
  child.once("exit", () => setTimeout(() => child.stdout.destroy(), 100).unref());
  return child;
}
