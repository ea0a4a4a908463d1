import { expect, test } from "vitest";
import { compare, count, documentFrequencies, tokenise, weigh } from "../../demo/words.ts";

test("words are lower case and singular, without tags, addresses and the commonest", () => {
  const text =
    "The **Checkpoints** of <b class='x'>a</b> [pipeline](https://example.org/a) are bytes; process status";
  expect(tokenise(text)).toEqual(["checkpoint", "pipeline", "byte", "process", "status"]);
});

test("counts are in one order only", () => {
  expect(count(["b", "a", "c", "c", "__proto__", "constructor"])).toEqual([
    ["c", 2],
    ["__proto__", 1],
    ["a", 1],
    ["b", 1],
    ["constructor", 1],
  ]);
});

test("a term in every document weighs nothing, a rare one most", () => {
  const documents = [count(["all", "rare", "rare"]), count(["all", "some"]), count(["all", "some"])];
  const frequencies = documentFrequencies(documents);
  const weights = documents.map((each) => weigh(each, frequencies, 3, 10));
  expect(weights[0]).toEqual([
    ["rare", 1],
    ["all", 0],
  ]);
  expect(compare(weights[1]!, weights[2]!)).toEqual({ score: 1, shared: ["some", "all"] });
  expect(compare(weights[0]!, weights[1]!).score).toBe(0);
});
