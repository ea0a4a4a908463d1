import { CairnClientError } from "../errors.ts";
import { pause } from "../pause.ts";

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
  const { process } = globalThis as { process?: Process };
  // What bundlers put in its place for a browser listens to nothing, and kills nothing.
  if (!process?.kill) return () => {};
  const listener = () => {
    const reason = new CairnClientError("terminated", `The process was asked to end (${SIGNAL}).`);
    void Promise.race([last(reason).catch(() => {}), pause(graceSeconds)]).then(() => {
      forget();
      if (process.listenerCount(SIGNAL) === 0) process.kill(process.pid, SIGNAL);
    });
  };
  const forget = () => process.off(SIGNAL, listener);
  process.on(SIGNAL, listener);
  return forget;
}
