import { expect, test } from "vitest";
import { stopped } from "../../../bench/sweep/stopped.ts";
import { STORES } from "../../../bench/sweep/stores.ts";

const TRIALS = 20;

test.each(["postgres", "redis"] as const)(
  "a holder over %s that was stopped past its leases writes nothing more; without the fence it would",
  async (name) => {
    const store = await STORES[name]();
    try {
      expect(await stopped(store, TRIALS)).toMatchObject({ refused: TRIALS, accepted: 0, changed: 0 });
      expect(await stopped(store, TRIALS, true)).toMatchObject({ refused: 0, accepted: TRIALS });
    } finally {
      await store.stop();
    }
  },
);
