import { CairnClientError } from "../errors.ts";

/** As much of Node's `process` as is needed, where there is one. */
interface Process {
  pid: number;
  on(signal: string, listener: () => void): void;
  off(signal: string, listener: () => void): void;
  listenerCount(signal: string): number;
  kill(pid: number, signal: string): void;
}

const SIGNAL = "SIGTERM";

/**
 * Does something before the process ends by SIGTERM, for so many seconds at most. Where nobody else listens, the
 * process then ends as it would have. Without Node's `process` there is no such signal.
 *
 * @returns forgets it
 */
export function onTermination(
  graceSeconds: number,
  last: (reason: CairnClientError) => Promise<void>,
): () => void {
  const { process } = globalThis as { process?: Partial<Process> };
  if (typeof process?.on !== "function" || typeof process.kill !== "function") return () => {};
  const { on, off, listenerCount, kill, pid } = process as Process;
  const listener = () => {
    const reason = new CairnClientError("terminated", `The process was asked to end (${SIGNAL}).`);
    void Promise.race([last(reason).catch(() => {}), seconds(graceSeconds)]).then(() => {
      forget();
      if (listenerCount.call(process, SIGNAL) === 0) kill.call(process, pid, SIGNAL);
    });
  };
  const forget = () => off.call(process, SIGNAL, listener);
  on.call(process, SIGNAL, listener);
  return forget;
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, count * 1000);
  });
}
