import { expect, test } from "vitest";
import { randomStream } from "../../../bench/adaptive/random.ts";
import { deliveries } from "../../../bench/webhooks/deliveries.ts";

test("every owner is told, or the message given up, whatever the receiver does", async () => {
  const { delivered, deadLettered, messages, ...found } = await deliveries(50, randomStream(7));
  expect(delivered + deadLettered).toBe(50);
  expect(Math.min(delivered, deadLettered)).toBeGreaterThan(0);
  expect(found).toEqual({ interruptions: 50, verified: messages, followed: 0, unstable: 0, disputed: 0 });
});
