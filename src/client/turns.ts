/** Runs tasks of the same name one after the other, in the order of the calls. */
export type Turns = <T>(name: string, task: () => Promise<T>) => Promise<T>;

/**
 * @param patienceSeconds how long a task waits for the one before: that may never end (workerd drops what a
 *   request has begun when its caller goes away), and the order is a kindness, never a lock
 */
export function turns(patienceSeconds: number): Turns {
  const tails = new Map<string, Promise<void>>();
  return async (name, task) => {
    const before = tails.get(name);
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    tails.set(name, ended);
    try {
      if (before) await atMost(patienceSeconds, before);
      return await task();
    } finally {
      end();
      if (tails.get(name) === ended) tails.delete(name);
    }
  };
}

async function atMost(seconds: number, promise: Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    void promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
