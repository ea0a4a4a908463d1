import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { turns } from "../../src/state/turns.ts";
import { KEY } from "./core.ts";

const OTHER = { ...KEY, pipelineId: "other" };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("tasks on one pipeline", () => {
  it("run one after the other, in the order they came, also when one fails or takes long", async () => {
    const inTurn = turns();
    const order: string[] = [];
    const task = (name: string, ms: number) =>
      inTurn(KEY, async () => {
        order.push(`${name} begins`);
        await sleep(ms);
        order.push(`${name} ends`);
        if (name === "b") throw new Error("b fails");
      }).catch(() => {});
    const all = [task("a", 1500), task("b", 1500), task("c", 1500)];
    const other = inTurn(OTHER, async () => void order.push("other"));
    await vi.runAllTimersAsync();
    await Promise.all([...all, other]);
    const names = ["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]);
    expect(order.filter((each) => each !== "other")).toEqual(names);
    expect(order.indexOf("other")).toBeLessThan(order.indexOf("b begins"));
  });

  it("answer what the task answers", async () => {
    expect(await turns()(KEY, async () => 7)).toBe(7);
  });

  it("go on without one that never ends", async () => {
    const inTurn = turns();
    void inTurn(KEY, () => new Promise(() => {}));
    const done: number[] = [];
    for (let i = 0; i < 3; i++) void inTurn(KEY, async () => void done.push(i));
    await vi.advanceTimersByTimeAsync(1900);
    expect(done).toEqual([]);
    await vi.advanceTimersByTimeAsync(2200);
    expect(done).toEqual([0, 1, 2]);
    await inTurn(KEY, async () => void done.push(3));
    expect(done).toEqual([0, 1, 2, 3]);
  });
});
