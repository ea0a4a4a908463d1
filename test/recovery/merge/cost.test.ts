import { expect, it } from "vitest";
import type { JsonValue } from "../../../src/model/json/value.ts";
import { mergeJson } from "../../../src/recovery/merge/merge.ts";

const RECORDS = 12_000;

const record = (id: number, value: number) => ({
  id,
  value,
  name: `record-${id}`,
  tags: ["a", id % 7],
  ok: true,
});
const records = (value: (id: number) => number) =>
  Array.from({ length: RECORDS }, (_, id) => record(id, value(id)));
const byId = (value: (id: number) => number) =>
  Object.fromEntries(records(value).map((each) => [`r${each.id}`, each]));

/** Milliseconds of this thread: the machine does other things too. */
function timed(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

const even = (id: number) => (id % 2 === 0 ? 1 : 0);
const odd = (id: number) => (id % 2 === 1 ? 2 : 0);
const numbers = (seed: number) => Array.from({ length: 200_000 }, (_, i) => (i * seed) % 10);

it.each<[string, JsonValue, JsonValue, JsonValue]>([
  ["every record of an object was edited", byId(() => 0), byId(even), byId(odd)],
  ["every item of an array was edited", records(() => 0), records(even), records(odd)],
  ["arrays have nothing in common", numbers(1), numbers(3), numbers(7)],
  ["both appended to an array", records(() => 0), [...records(() => 0), 1], [...records(() => 0), 2]],
  ["it clashes everywhere", byId(() => 0), byId(() => 1), byId(() => 2)],
])("a megabyte takes a moment: %s", (_, base, current, incoming) => {
  expect(JSON.stringify(current).length).toBeGreaterThan(400_000);
  for (const policy of [{}, { "": "union" as const }]) {
    const milliseconds = timed(() => mergeJson(base, current, incoming, policy));
    expect(milliseconds).toBeLessThan(5000);
  }
});

it("takes each side's half of 12,000 edits", () => {
  const merged = mergeJson(
    records(() => 0),
    records(even),
    records(odd),
  );
  expect(merged).toEqual({ ok: true, value: records((id) => even(id) + odd(id)) });
});
