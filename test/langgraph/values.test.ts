import {
  type Checkpoint,
  type CheckpointMetadata,
  emptyCheckpoint,
  JsonPlusSerializer,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeValue, encodeValue } from "../../src/client/index.ts";
import type { CairnSaver } from "../../src/langgraph/index.ts";
import { savers } from "./graphs.ts";

const metadata: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

/** A value as a channel's, as a pending write, and in the metadata: as another process reads them. */
async function roundTrip(write: CairnSaver, read: CairnSaver, value: unknown): Promise<unknown[]> {
  const checkpoint: Checkpoint = {
    ...emptyCheckpoint(),
    id: uuid6(0),
    channel_values: { it: value },
    channel_versions: { it: 1 },
  };
  const thread = { configurable: { thread_id: crypto.randomUUID() } };
  const config = await write.put(thread, checkpoint, { ...metadata, it: value } as never, { it: 1 });
  await write.putWrites(config, [["it", value]], "task");
  const tuple = (await read.getTuple(config))!;
  return [
    tuple.checkpoint.channel_values.it,
    tuple.pendingWrites![0]![2],
    (tuple.metadata as { it?: unknown }).it,
  ];
}

/** Members of this name are lost by LangGraph's serializer itself. */
const holdsProto = (value: unknown) => JSON.stringify(value)?.includes('"__proto__"') ?? false;

test("every JSON value comes back as it was", async () => {
  const saver = savers();
  const values = fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }).filter((value) => !holdsProto(value));
  const property = fc.asyncProperty(values, async (value) => {
    const json = JSON.parse(JSON.stringify(value));
    expect(await roundTrip(saver(), saver(), json)).toEqual([json, json, json]);
  });
  await fc.assert(property, {
    numRuns: 150,
    examples: [["\u0000"], ["\ud800 half a pair"], [{ "": { "\u0000": [] } }], [1e308], [{ 2: "b", 1: "a" }]],
  });
});

test.each([
  ["deep", JSON.parse(`${'{"a":['.repeat(400)}${"]}".repeat(400)}`)],
  ["long", "x".repeat(3_000_000)],
])("a value that is %s comes back as it was", async (_, value) => {
  const saver = savers();
  expect(await roundTrip(saver(), saver(), value)).toEqual([value, value, value]);
});

test("what JSON does not know is as LangGraph's serializer keeps it", async () => {
  const values = {
    ...{ none: undefined, odd: [Number.NaN, -0, Number.POSITIVE_INFINITY], at: new Date(0) },
    ...{
      set: new Set([1]),
      map: new Map([["a", new Set([2])]]),
      expression: /a\/b/gi,
      error: new Error("no"),
    },
    ...{ bytes: new Uint8Array([0, 255]), within: [undefined, { bytes: new Uint8Array([1]) }] },
  };
  const serde = new JsonPlusSerializer();
  const saver = savers();
  for (const value of Object.values(values)) {
    const expected = await serde.loadsTyped(...(await serde.dumpsTyped(value)));
    const [channel, write] = await roundTrip(saver(), saver(), value);
    expect([channel, write]).toEqual([expected, expected]);
    if (value instanceof Uint8Array) expect(channel).toEqual(value);
  }
});

test("with a serializer that keeps more, more comes back", async () => {
  const serde = {
    async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
      const { bytes, contentType } = encodeValue(value);
      return [contentType, bytes];
    },
    async loadsTyped(contentType: string, bytes: Uint8Array | string) {
      return decodeValue({ bytes: new Uint8Array(bytes as Uint8Array), contentType });
    },
  };
  const saver = savers();
  const value = {
    at: new Date(0),
    big: 2n ** 70n,
    odd: [Number.NaN, -0, undefined],
    raw: new Uint8Array([1]),
  };
  const [channel] = await roundTrip(saver({ serde }), saver({ serde }), value);
  expect(channel).toStrictEqual(value);
});
