import {
  type Checkpoint,
  type CheckpointMetadata,
  emptyCheckpoint,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CairnSaver, ThreadConflictError } from "../../src/langgraph/index.ts";
import { labelsOf, pipelineIdOf } from "../../src/langgraph/place.ts";
import { startService } from "../client/service.ts";
import { inThread, savers, twoSteps } from "./graphs.ts";

const metadata: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

function checkpoint(n: number): Checkpoint {
  return { ...emptyCheckpoint(), id: uuid6(n), channel_values: { n }, channel_versions: { n } };
}

const place = (thread_id: string, checkpoint_ns = "") => ({ configurable: { thread_id, checkpoint_ns } });

describe("who has not read what there is changes nothing", () => {
  test("two first puts of a thread", async () => {
    const saver = savers();
    const [one, two] = [saver(), saver()];
    for (const each of [one, two]) expect(await each.getTuple(place("t"))).toBeUndefined();
    await one.put(place("t"), checkpoint(1), metadata, { n: 1 });
    const second = two.put(place("t"), checkpoint(2), metadata, { n: 1 });
    await expect(second).rejects.toThrow(ThreadConflictError);
    expect((await saver().getTuple(place("t")))?.checkpoint.channel_values).toEqual({ n: 1 });
  });

  test("writes to a checkpoint that another run has gone on from", async () => {
    const saver = savers();
    const [one, two] = [saver(), saver()];
    const first = await one.put(place("t"), checkpoint(1), metadata, { n: 1 });
    await two.getTuple(place("t"));
    await one.put(first, checkpoint(2), metadata, { n: 2 });
    await expect(two.putWrites(first, [["n", 3]], "task")).rejects.toThrow(ThreadConflictError);
    expect((await saver().getTuple(first))?.pendingWrites).toEqual([]);
  });

  test.each(["one saver", "a saver each"])("two updates of the latest state at once, %s", async (sharing) => {
    const saver = savers();
    const one = saver();
    const two = sharing === "one saver" ? one : saver();
    await twoSteps(one).invoke({ who: "A" }, inThread("t"));
    const latest = (await one.getTuple(place("t")))!;
    await two.getTuple(place("t"));
    await one.put(latest.config, checkpoint(5), metadata, { n: 5 });
    await expect(two.put(latest.config, checkpoint(6), metadata, { n: 6 })).rejects.toThrow(
      ThreadConflictError,
    );
    // Named, it may be gone on from: that is a fork.
    await two.getTuple(latest.config);
    const fork = await two.put(latest.config, checkpoint(6), metadata, { n: 6 });
    expect((await saver().getTuple(place("t")))?.config).toEqual(fork);
  });
});

describe("writes", () => {
  test("may come before their checkpoint, to an old one, and when the process that put it is gone", async () => {
    const saver = savers();
    const one = saver();
    const first = await one.put(place("t"), checkpoint(1), metadata, { n: 1 });
    const second = checkpoint(2);
    const config = { configurable: { ...first.configurable, checkpoint_id: second.id } };
    await one.putWrites(config, [["n", "early"]], "task-b", "~b");
    expect((await saver().getTuple(place("t")))?.checkpoint.id).toBe(first.configurable!.checkpoint_id);
    await one.put(first, second, metadata, { n: 2 });
    await saver().putWrites(config, [["n", "late"]], "task-z", "~a");
    await saver().putWrites(first, [["n", "of the first"]], "task");
    const latest = await saver().getTuple(place("t"));
    expect(latest).toMatchObject({ config, parentConfig: first, checkpoint: { channel_values: { n: 2 } } });
    // In the order of their tasks' paths, not of their names.
    expect(latest?.pendingWrites).toEqual([
      ["task-z", "n", "late"],
      ["task-b", "n", "early"],
    ]);
    expect((await saver().getTuple(first))?.pendingWrites).toEqual([["task", "n", "of the first"]]);
    const listed: unknown[] = [];
    for await (const tuple of saver().list(place("t"))) listed.push(tuple.checkpoint.id);
    expect(listed).toEqual([second.id, first.configurable!.checkpoint_id]);
  });

  test("what a task wrote first stays, but for errors and interrupts", async () => {
    const saver = savers()();
    const config = await saver.put(place("t"), checkpoint(1), metadata, { n: 1 });
    await saver.putWrites(
      config,
      [
        ["n", 1],
        ["__error__", "first"],
      ],
      "task",
    );
    await saver.putWrites(
      config,
      [
        ["n", 2],
        ["__error__", "second"],
      ],
      "task",
    );
    expect((await saver.getTuple(config))?.pendingWrites).toEqual([
      ["task", "__error__", "second"],
      ["task", "n", 1],
    ]);
  });
});

describe("a thread", () => {
  test("is deleted with all its namespaces, and no other is; it may begin anew", async () => {
    const saver = savers()();
    const others = [place("t.2"), place("T"), place("u", "t"), place("sha256-t")];
    for (const config of [place("t"), place("t", "child"), place("t", "a:b|c:1"), ...others]) {
      await saver.put(config, checkpoint(1), metadata, { n: 1 });
    }
    await saver.deleteThread("t");
    const left: unknown[] = [];
    for await (const { config } of saver.list({}))
      left.push([config.configurable?.thread_id, config.configurable?.checkpoint_ns]);
    expect(left.sort()).toEqual([
      ["T", ""],
      ["sha256-t", ""],
      ["t.2", ""],
      ["u", "t"],
    ]);
    expect(await saver.getTuple(place("t", "child"))).toBeUndefined();
    await saver.put(place("t"), checkpoint(2), metadata, { n: 2 });
    expect((await saver.getTuple(place("t")))?.checkpoint.channel_values).toEqual({ n: 2 });
  });

  test("begins with the retention that the saver is given", async () => {
    const service = await startService();
    const saver = new CairnSaver({ url: service.url, retention: { keepLast: 3, keepForSeconds: 0 } });
    await saver.put(place("t"), checkpoint(1), metadata, { n: 1 });
    const shown = await (await fetch(`${service.url}/v1/pipelines/lg.t`)).json();
    expect(shown).toMatchObject({
      ...{ kind: "langgraph", labels: { thread: "t", namespace: "" } },
      retention: { keepLast: 3, keepForSeconds: 0 },
    });
  });

  test("is pruned by it: what is left is whole", async () => {
    const service = await startService();
    const saver = new CairnSaver({ url: service.url, retention: { keepLast: 3 } });
    let config: object = place("t");
    const configs = [config];
    for (let n = 1; n <= 8; n++) {
      config = await saver.put(config, checkpoint(n), metadata, { n });
      configs.push(config);
    }
    await fetch(`${service.url}/v1/pipelines/lg.t/prune`, { method: "POST" });
    const left: unknown[] = [];
    for await (const tuple of saver.list(place("t"))) left.push(tuple.checkpoint.channel_values.n);
    expect(left.slice(0, 3)).toEqual([8, 7, 6]);
    expect(left.length).toBeLessThan(8);
    expect(await saver.getTuple(configs[2]!)).toBeUndefined();
    expect((await saver.getTuple(configs[8]!))?.parentConfig).toEqual(configs[7]);
  });

  test.each([[{}], [{ configurable: { thread_id: "" } }], [{ configurable: { thread_id: 7 } }]])(
    "is named by a text that is not empty, not by %j",
    async (config) => {
      const put = savers()().put(config, checkpoint(1), metadata, {});
      await expect(put).rejects.toMatchObject({ code: "invalid_argument" });
    },
  );

  test("that another program keeps in the pipeline is not read", async () => {
    const service = await startService();
    await service.client().pipeline("lg.t").save({ mine: true });
    const read = new CairnSaver({ url: service.url }).getTuple(place("t"));
    await expect(read).rejects.toMatchObject({ code: "bad_value" });
  });
});

test("a thread that is named as another's hash is not the other", async () => {
  const long = { thread: "x".repeat(300), namespace: "" };
  const { thread } = await labelsOf(long);
  expect(await labelsOf({ thread: thread!, namespace: "" })).not.toEqual(await labelsOf(long));
});

test("different places never share a pipeline or a label, and every pipeline has a name that fits", async () => {
  const name = fc.oneof(
    fc.string({ minLength: 1, unit: fc.constantFrom("a", "B", ".", "-", "_", ":", "|", "\ud800", "é") }),
    fc.string({ minLength: 1, maxLength: 300 }),
    fc.constantFrom("a", "a.b", "..", "x".repeat(126), "x".repeat(123), "\ufffd", "sha256-a"),
  );
  const places = fc.record({ thread: name, namespace: fc.oneof(fc.constant(""), name) });
  const property = fc.asyncProperty(
    fc.uniqueArray(places, { comparator: same, minLength: 2 }),
    async (all) => {
      const ids = await Promise.all(all.map(pipelineIdOf));
      expect(new Set(ids).size).toBe(all.length);
      for (const id of ids) expect(id).toMatch(/^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
      const labels = await Promise.all(all.map(labelsOf));
      const threads = new Set(all.map(({ thread }) => thread));
      expect(new Set(labels.map(({ thread }) => thread)).size).toBe(threads.size);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
