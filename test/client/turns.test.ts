import { expect, test } from "vitest";
import { turns } from "../../src/client/turns.ts";

const never = () => new Promise<never>(() => {});

test("tasks of one name run one after the other, of two names side by side", async () => {
  const inTurn = turns(60);
  const order: string[] = [];
  const task = (name: string, step: number) =>
    inTurn(name, async () => {
      order.push(`${name}${step} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20 - 5 * step));
      order.push(`${name}${step} ends`);
      if (step === 1) throw new Error("failed");
    });
  const all = await Promise.allSettled([task("a", 1), task("a", 2), task("b", 3), task("a", 3)]);
  expect(all.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
  const ofA = order.filter((line) => line.startsWith("a"));
  expect(ofA).toEqual(["a1 begins", "a1 ends", "a2 begins", "a2 ends", "a3 begins", "a3 ends"]);
  expect(order.indexOf("b3 begins")).toBeLessThan(order.indexOf("a1 ends"));
});

test("a task that never ends holds up the next one for so long only", async () => {
  const inTurn = turns(0.05);
  void inTurn("a", never);
  expect(await inTurn("a", async () => 1)).toBe(1);
});
