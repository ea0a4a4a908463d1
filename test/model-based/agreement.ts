import fc from "fast-check";
import { run } from "./commands.ts";
import { play, type Store } from "./run.ts";

/** The property: whatever is asked, the service over this store answers as the model does. */
export function agreement(open: () => Promise<Store>) {
  return fc.asyncProperty(run, async (steps) => {
    const store = await open();
    try {
      await play(store, steps);
    } finally {
      await store.close();
    }
  });
}
