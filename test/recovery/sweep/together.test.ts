import { expect, test } from "vitest";
import { overlapping } from "../../../bench/sweep/overlapping.ts";
import { STORES } from "../../../bench/sweep/stores.ts";

const SIZE = { expired: 200, healthy: 200, processes: 8, kills: 3 };

test.each(["postgres", "redis"] as const)(
  "eight sweepers over %s, three of them killed: each that expired is interrupted once, no other touched",
  async (name) => {
    const store = await STORES[name]();
    try {
      const { problems, once, untouched, kills } = await overlapping(store, SIZE);
      expect(problems).toEqual([]);
      expect({ once, untouched, kills }).toEqual({ once: 200, untouched: 200, kills: 3 });
    } finally {
      await store.stop();
    }
  },
);
