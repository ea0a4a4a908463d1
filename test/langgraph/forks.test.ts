import { MemorySaver, type StateSnapshot } from "@langchain/langgraph";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inThread, savers, twoSteps } from "./graphs.ts";

type Graph = ReturnType<typeof twoSteps>;

/** What somebody does with a thread; `at` is which of its checkpoints, the newest first, or the latest as it is. */
interface Deed {
  does: "invoke" | "update" | "replay" | "copy";
  at: number | null;
}

const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    does: fc.constantFrom("invoke", "update", "replay", "copy"),
    at: fc.oneof(fc.constant(null), fc.nat(12)),
  }),
  { minLength: 1, maxLength: 7 },
);

async function historyOf(graph: Graph) {
  const history: StateSnapshot[] = [];
  for await (const snapshot of graph.getStateHistory(inThread("t"))) history.push(snapshot);
  return history.sort((a, b) => (idOf(a.config) < idOf(b.config) ? 1 : -1));
}

const idOf = (config: { configurable?: { checkpoint_id?: string } } | undefined) =>
  config?.configurable?.checkpoint_id ?? "";

async function apply(graph: Graph, { does, at }: Deed, name: string): Promise<void> {
  const history = await historyOf(graph);
  const older = at === null ? undefined : history[at % Math.max(1, history.length)];
  const config = older?.config ?? inThread("t");
  const values = { who: name, log: [name], deltas: [name] };
  if (does === "invoke") await graph.invoke(values, config);
  else if (does === "replay" && older && older.next.length > 0) await graph.invoke(null, config);
  else if (does === "copy" && older) await graph.updateState(config, null, "__copy__");
  else await graph.updateState(config, values, "work");
}

/** All that can be seen of a thread, but for what the clock makes. */
async function seen(graph: Graph) {
  const history = await historyOf(graph);
  const places = new Map(history.map(({ config }, at) => [idOf(config), at]));
  const facts = history.map(({ values, next, metadata, parentConfig }) => ({
    ...{ values, next, source: metadata?.source, step: metadata?.step },
    parent: places.get(idOf(parentConfig)),
  }));
  return { facts, latest: (await graph.getState(inThread("t"))).values };
}

test("whatever is done to a thread, it is as with the saver that keeps every checkpoint whole", async () => {
  const property = fc.asyncProperty(deeds, async (all) => {
    const graphs = [twoSteps(new MemorySaver()), twoSteps(savers()())];
    for (const [i, deed] of all.entries()) for (const graph of graphs) await apply(graph, deed, `${i}`);
    const [expected, actual] = await Promise.all(graphs.map(seen));
    expect(actual).toEqual(expected);
  });
  await fc.assert(property, {
    numRuns: 25,
    examples: [
      [
        [
          { does: "invoke", at: null },
          { does: "update", at: 2 },
        ],
      ],
    ],
  });
});

test("updateState on an older checkpoint forks with its values, and leaves the others as they were", async () => {
  const saver = savers();
  const graph = twoSteps(saver());
  await graph.invoke({ who: "A", log: ["A asked"], deltas: ["A asked"] }, inThread("t"));
  const before = await historyOf(graph);
  const worked = before.find(({ next }) => next[0] === "rest")!;

  const fork = await graph.updateState(worked.config, { log: ["corrected"], deltas: ["corrected"] }, "work");

  // Another process: nothing is remembered there.
  const later = twoSteps(saver());
  const forked = ["A asked", "A worked", "corrected"];
  expect((await later.getState(fork)).values).toEqual({ who: "A", log: forked, deltas: forked });
  expect((await later.getState(inThread("t"))).values.log).toEqual(forked);
  for (const { config, values } of before) expect((await later.getState(config)).values).toEqual(values);
  const ended = await later.invoke(null, fork);
  expect(ended.log).toEqual([...forked, "A rested"]);
  expect(ended.deltas).toEqual(ended.log);
  for (const { config, values } of before) expect((await later.getState(config)).values).toEqual(values);
});
