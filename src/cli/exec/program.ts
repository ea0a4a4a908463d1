import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";

/** A program with all that it starts: that ends with it, and it with this process. */
export interface Program {
  /** Resolves with its exit code, 128 and the signal's number when it was killed. */
  readonly ended: Promise<number>;
  /** Passed on to it and all that it started. */
  signal(name: NodeJS.Signals): void;
  /** Ends it: asks first, and kills what is still there after that time. */
  stop(graceSeconds: number): Promise<void>;
}

/*
 * $$ is the program's process id, and that of its group. When the holder of the other end of descriptor 3 goes,
 * however it goes, all of the group goes along. The watcher starts first: at no moment does it run unwatched.
 */
const TIED = `(read -r _; kill -9 -$$) <&3 >/dev/null 2>&1 &
exec "$@" 3<&-`;

export function startProgram(words: readonly string[], env: NodeJS.ProcessEnv): Program {
  // A group of its own: signals reach all of it, and a terminal's reach this process alone, which passes them on.
  const child = spawn("sh", ["-c", TIED, "cairn-exec", ...words], {
    env,
    detached: true,
    stdio: ["inherit", "inherit", "inherit", "pipe"],
  });
  const signal = (name: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const ended = endOf(child).finally(() => signal("SIGKILL"));
  return {
    ended,
    signal,
    async stop(graceSeconds) {
      signal("SIGTERM");
      const timer = setTimeout(() => signal("SIGKILL"), graceSeconds * 1000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The exit code of what a signal has ended, as shells have it. */
export function codeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? codeOf(signal!)));
  });
}
