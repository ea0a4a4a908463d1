import { expect, test } from "vitest";
import { contentOrParts } from "../../src/http/content-answer.ts";
import { nested } from "../model/json/arbitrary.ts";

async function select(text: string, ...pointers: string[]): Promise<string> {
  const stored = {
    contentType: "application/json",
    sha256: "0".repeat(64),
    tag: '"1"',
    at: "2026-11-23T08:00:00Z",
  };
  const wanted = { select: pointers, range: undefined };
  return (await contentOrParts(stored, new TextEncoder().encode(text), wanted)).text();
}

test("a state as deep as may be is answered whole", async () => {
  expect(await select(nested(64), "")).toBe(`{"":${nested(64)}}`);
});

test("what was stored unseen and is no JSON never becomes part of an answer", async () => {
  for (const text of ['{"a":x}', '{"a":[1}', '{"a":"', '{"a":1e}', nested(65)]) {
    await expect(select(text, text.startsWith("[") ? "" : "/a")).rejects.toMatchObject({ code: "not_json" });
  }
  expect(await select('{"a":1,"b":x}', "/a")).toBe('{"/a":1}');
});
