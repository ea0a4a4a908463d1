import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph";
import { describe, expect, test } from "vitest";
import { ThreadConflictError } from "../../src/langgraph/index.ts";
import { inThread, savers, twoSteps } from "./graphs.ts";

const DURABILITIES = ["sync", "async", "exit"] as const;

/** From now on, who reads waits until two have read. */
function meetAtReads(savers: BaseCheckpointSaver[]): void {
  let missing = 2;
  let meet = () => {};
  const met = new Promise<void>((resolve) => {
    meet = resolve;
  });
  for (const saver of new Set(savers)) {
    const read = saver.getTuple.bind(saver);
    saver.getTuple = async (config) => {
      const tuple = await read(config);
      if (--missing === 0) meet();
      await met;
      return tuple;
    };
  }
}

describe.each(DURABILITIES)("two runs at once on one thread, durability %s", (durability) => {
  const input = (who: string) => ({ who, log: [`${who} asked`], deltas: [`${who} asked`] });

  describe.each(["one saver", "a saver each"])("%s", (sharing) => {
    test.each(["new", "old"])("a thread that is %s: one goes on, the other is told", async (age) => {
      const saver = savers();
      const one = saver();
      const two = sharing === "one saver" ? one : saver();
      // What a caller gives with all its calls must not make them one.
      const config = { ...inThread("t"), durability, metadata: { caller: "the same" } };
      if (age === "old") await twoSteps(one).invoke(input("first"), config);

      meetAtReads([one, two]);
      const runs = [twoSteps(one).invoke(input("A"), config), twoSteps(two).invoke(input("B"), config)];
      const outcomes = await Promise.allSettled(runs);

      const winner = outcomes.findIndex(({ status }) => status === "fulfilled");
      const loser = outcomes[1 - winner]!;
      expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect((loser as PromiseRejectedResult).reason).toBeInstanceOf(ThreadConflictError);
      const who = ["A", "B"][winner]!;
      const lines = [...(age === "old" ? ["first"] : []), who].flatMap((name) => [
        ...[`${name} asked`, `${name} worked`, `${name} rested`],
      ]);
      const { values } = await twoSteps(saver()).getState(inThread("t"));
      expect(values).toEqual({ who, log: lines, deltas: lines });

      const next = await twoSteps(saver()).invoke(input("first"), config);
      expect(next.log).toEqual([...lines, "first asked", "first worked", "first rested"]);
      expect(next.deltas).toEqual(next.log);
    });
  });

  test("control: LangGraph's own saver lets both win, and one is lost", async () => {
    const saver = new MemorySaver();
    meetAtReads([saver]);
    const graph = twoSteps(saver);
    const config = { ...inThread("t"), durability };
    const outcomes = await Promise.allSettled(["A", "B"].map((who) => graph.invoke(input(who), config)));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    expect((await graph.getState(inThread("t"))).values.log).toHaveLength(3);
  });
});
