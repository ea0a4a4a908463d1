import { expect, test } from "vitest";
import { decodeValue, encodeValue, VALUES_TYPE } from "../../src/client/index.ts";
import { pythonOf, runPython } from "../support/python.ts";

/** The Python in docs/values.md, with more of it after. */
function python(script: string, input: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = pythonOf("values.md");
  expect(blocks).toHaveLength(2);
  return runPython([...blocks, "import sys", script], input);
}

const at = new Date("2026-11-23T08:00:00.250Z");

test("Python reads what the client saved, as the docs say", () => {
  const { bytes } = encodeValue({
    ...{ at, never: new Date(Number.NaN), done: new Set(["a", "b"]), by: new Map([["k", [1.5]]]) },
    ...{
      raw: [new Uint8Array([1, 255])],
      big: 2n ** 70n,
      odd: [Number.NaN, -0, undefined],
      tag: { $date: 1 },
    },
  });
  const script = `
value = loads(sys.stdin.read())
odd = value.pop("odd")
assert odd[0] != odd[0] and str(odd[1]) == "-0.0" and odd[2] is None
print(value == {
    "at": datetime.datetime(2026, 11, 23, 8, 0, 0, 250000, datetime.timezone.utc), "never": None,
    "done": {"a", "b"}, "by": {"k": [1.5]}, "raw": [b"\\x01\\xff"], "big": 2 ** 70, "tag": {"$date": 1},
})`;
  expect(new TextDecoder().decode(python(script, bytes)).trim()).toBe("True");
});

test("the client reads what Python wrote", () => {
  const script = `
at = loads(sys.stdin.read())
sys.stdout.write(dumps({"at": at, "done": {"a"}, "raw": b"\\x01\\xff", "deep": [{"é": None}]}))`;
  const bytes = python(script, encodeValue(at).bytes);
  expect(decodeValue({ bytes, contentType: VALUES_TYPE })).toStrictEqual({
    ...{ at, done: new Set(["a"]), raw: new Uint8Array([1, 255]), deep: [{ é: null }] },
  });
});
