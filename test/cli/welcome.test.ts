import { expect, test } from "vitest";
import { explainNotReady, welcome } from "../../src/cli/welcome.ts";

const about = { url: "http://127.0.0.1:8787", data: "Data: /d.", bindings: {} };

test("the first line says where it listens", () => {
  expect(welcome(about).split("\n")[0]).toBe("Cairn listens on http://127.0.0.1:8787");
});

test("three curl lines, with a key only where one is needed", () => {
  const curls = (text: string) => text.split("\n").filter((line) => line.trim().startsWith("curl "));
  expect(curls(welcome(about))).toHaveLength(3);
  expect(welcome(about)).not.toContain("Authorization");
  const keyed = curls(welcome({ ...about, bindings: { CAIRN_API_KEYS: "[…]" } }));
  expect(keyed.filter((line) => line.includes('-H "Authorization: Bearer $CAIRN_KEY"'))).toHaveLength(3);
});

test.each([
  ['{"ready":false,"problems":["no bucket","no clock"]}', "no bucket; no clock"],
  ['{"problems":[{"code":"x"}]}', '{"code":"x"}'],
  ['{"status":503,"detail":"CAIRN_API_KEYS: is not JSON"}', "CAIRN_API_KEYS: is not JSON"],
  ["Internal Server Error", "Internal Server Error"],
  ["null", "null"],
])("an answer that it is not ready: %s", (body, words) => {
  expect(explainNotReady(body)).toBe(`The service is not ready: ${words}`);
});
