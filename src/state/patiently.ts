/** One that has not come by then may have been cancelled with its request: the others go on without it. */
const PATIENCE_MS = 2000;

/** Resolves with the promise, or when that has taken too long. */
export function patiently(turn: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    void turn.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
