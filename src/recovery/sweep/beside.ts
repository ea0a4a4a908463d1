export interface Beside {
  /** Begins a task when its turn comes; a task must not reject. */
  add(task: () => Promise<void>): void;
  /** How many have not ended. */
  readonly waiting: number;
  /** Resolves when no more are begun, and those that were have ended. */
  ended(): Promise<void>;
}

/**
 * Tasks that nobody waits for until the end, in their order, so many at once.
 *
 * @param goesOn asked before each: once it says no, what is left is left out
 */
export function beside(atOnce: number, goesOn: () => boolean): Beside {
  const queue: (() => Promise<void>)[] = [];
  const lanes = new Set<Promise<void>>();

  async function lane(): Promise<void> {
    for (let task = queue.shift(); task && goesOn(); task = queue.shift()) await task();
  }

  return {
    add(task) {
      queue.push(task);
      if (lanes.size >= atOnce) return;
      const begun: Promise<void> = lane().finally(() => lanes.delete(begun));
      lanes.add(begun);
    },
    get waiting() {
      return queue.length + lanes.size;
    },
    async ended() {
      await Promise.all(lanes);
    },
  };
}
