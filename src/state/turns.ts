import type { PipelineKey } from "../model/ids.ts";
import { patiently } from "./patiently.ts";

/** Runs tasks on one pipeline one after the other within this process. */
export type Turns = <T>(key: PipelineKey, task: () => Promise<T>) => Promise<T>;

interface Line {
  /** How many have ended. */
  ended: number;
  /** Resolved when the last in the line has ended. */
  tail: Promise<void>;
}

/**
 * A line for each pipeline. It saves tries and is never a lock, for the store compares: when nobody in a line
 * has ended for a while (one may have been cancelled with its request), those that wait go on side by side.
 */
export function turns(): Turns {
  const lines = new Map<string, Line>();
  return async (key, task) => {
    const name = `${key.tenant}/${key.pipelineId}`;
    const line = lines.get(name) ?? { ended: 0, tail: Promise.resolve() };
    lines.set(name, line);
    const before = line.tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    line.tail = promise;
    await turnOf(line, before);
    try {
      return await task();
    } finally {
      line.ended += 1;
      resolve();
      if (line.tail === promise) lines.delete(name);
    }
  };
}

async function turnOf(line: Line, before: Promise<void>): Promise<void> {
  let come = false;
  const turn = before.then(() => {
    come = true;
  });
  for (let seen = -1; !come && line.ended !== seen; ) {
    seen = line.ended;
    await patiently(turn);
  }
}
