const SECONDS = 3;

/** When what many operations have left is done together. A process that has nothing else to do may end before. */
export function later(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SECONDS * 1000) as unknown as { unref?: () => void };
    timer.unref?.();
  });
}
