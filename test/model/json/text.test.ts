import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkJson, decodeUtf8 } from "../../../src/model/json/text.ts";
import { jsonText, nested } from "./arbitrary.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const reason = (text: string, maxDepth?: number) => {
  const check = checkJson(text, maxDepth);
  return check.ok ? "ok" : check.reason;
};

describe("decodeUtf8", () => {
  it("decodes what is UTF-8, U+0000 and the byte order mark as well", () => {
    expect(decodeUtf8(new TextEncoder().encode("é\u0000😀"))).toBe("é\u0000😀");
    expect(decodeUtf8(bytes(0xef, 0xbb, 0xbf, 0x31))).toBe("\uFEFF1");
    expect(decodeUtf8(bytes())).toBe("");
  });

  it.each([
    ["a lone continuation", bytes(0x22, 0x80, 0x22)],
    ["a cut sequence", bytes(0x22, 0xe2, 0x82)],
    ["an overlong slash", bytes(0xc0, 0xaf)],
    ["a surrogate", bytes(0xed, 0xa0, 0x80)],
    ["a code point past U+10FFFF", bytes(0xf4, 0x90, 0x80, 0x80)],
    ["Latin-1", bytes(0x22, 0xe9, 0x22)],
    ["UTF-16", bytes(0xff, 0xfe, 0x31, 0x00)],
  ])("answers null for %s, and works again after it", (_name, broken) => {
    expect(decodeUtf8(broken)).toBeNull();
    expect(decodeUtf8(bytes(0x31))).toBe("1");
  });
});

describe("checkJson", () => {
  it.each(["", " ", "\n\t\r "])("calls %j empty", (text) => expect(reason(text)).toBe("empty"));

  it.each([
    "\uFEFF1",
    "\uFEFF",
    "\u00a0",
    "1\u00a0",
    "nul",
    "01",
    "1.",
    ".5",
    "+1",
    "-",
    "1e",
    "0x1",
    "NaN",
    "Infinity",
    "'a'",
    '"',
    '"\\',
    '"\\"',
    '"\\x41"',
    '"\\u12"',
    '"\t"',
    '"\u0000"',
    "[1,]",
    "[,1]",
    "[1 2]",
    "[",
    "]",
    "[}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{a:1}",
    "{'a':1}",
    "1 2",
    "[]]",
    "// c\n1",
    "/**/1",
    "undefined",
    "True",
  ])("refuses %j as broken", (text) => expect(reason(text)).toBe("syntax"));

  it.each([
    "null",
    "true",
    "-0",
    "1e400",
    "-1.5E+10",
    '""',
    '"\\ud800"',
    '"\\u0000"',
    '"\u2028\u007f"',
    " [ ] ",
    '{"a":1,"a":2}',
    '{"":{"":[]}}',
    '{"__proto__":null}',
    "123456789012345678901234567890",
  ])("accepts %j", (text) => expect(reason(text)).toBe("ok"));

  it("counts the depth exactly", () => {
    expect([reason("1", 0), reason("[]", 0), reason("[]", 1), reason("[[],{}]", 1)]).toEqual([
      "ok",
      "depth",
      "ok",
      "depth",
    ]);
    expect(reason(nested(64))).toBe("ok");
    expect(reason(nested(65))).toBe("depth");
    expect(reason(`[${nested(63)},${nested(63)},${nested(63)}]`)).toBe("ok");
  });

  it("counts no bracket inside a string, whatever the backslashes before its quotes", () => {
    const brackets = "[{".repeat(100);
    const strings = ["", "\\", '"', '\\"', '\\\\"', "\\\\"].map((end) => brackets + end + brackets + end);
    expect(reason(JSON.stringify(strings), 1)).toBe("ok");
    expect(reason(JSON.stringify(Object.fromEntries(strings.map((s) => [s, s]))), 1)).toBe("ok");
    expect(reason('["\\\\",[1]]', 1)).toBe("depth");
    expect(reason('["\\"",[1]]', 1)).toBe("depth");
  });

  it("agrees with the depth of the parsed value", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, depthSize: "medium" }), fc.boolean(), (value, pretty) => {
        const text = JSON.stringify(value, null, pretty ? 1 : 0);
        const depth = depthOf(JSON.parse(text));
        expect(reason(text, depth)).toBe("ok");
        if (depth > 0) expect(reason(text, depth - 1)).toBe("depth");
      }),
      { numRuns: 300 },
    );
  });

  it("agrees with JSON.parse on JSON and on random mutations of it", () => {
    const parses = (text: string) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const edit = fc.record({
      at: fc.nat(),
      cut: fc.integer({ min: 0, max: 2 }),
      put: fc.constantFrom(
        "",
        "[",
        "]",
        "{",
        "}",
        '"',
        "\\",
        ",",
        ":",
        "0",
        "-",
        "e",
        ".",
        " ",
        "\n",
        "\u0000",
        "n",
        "\uFEFF",
      ),
    });
    fc.assert(
      fc.property(jsonText, fc.array(edit, { maxLength: 3 }), (text, edits) => {
        const mutated = edits.reduce((now, { at, cut, put }) => {
          const place = at % (now.length + 1);
          return now.slice(0, place) + put + now.slice(place + cut);
        }, text);
        expect(checkJson(mutated).ok).toBe(parses(mutated));
      }),
      { numRuns: 1500 },
    );
  });

  it("refuses a million levels before anything recurses, and long runs of backslashes in linear time", () => {
    expect(reason("[".repeat(1e6))).toBe("depth");
    expect(reason("[".repeat(1e6) + "]".repeat(1e6))).toBe("depth");
    expect(reason('{"a":'.repeat(1e6))).toBe("depth");
    const start = performance.now();
    expect(reason(`"${"\\\\".repeat(1e6)}"`)).toBe("ok");
    expect(reason(`"${'\\"'.repeat(1e6)}"`)).toBe("ok");
    expect(reason(`"${"\\".repeat(1e6)}`)).toBe("syntax");
    expect(performance.now() - start).toBeLessThan(1500);
  });

  it("says what is wrong in one short sentence without the text", () => {
    const secret = "hunter2".repeat(1000);
    const texts = [
      `{"password":"${secret}",}`,
      `{"password":"${secret}`,
      `[${secret}]`,
      `"${secret}" x`,
      nested(65),
      "",
    ];
    for (const text of texts) {
      const check = checkJson(text);
      const message = check.ok ? "" : check.message;
      expect(message).toMatch(/^(The|JSON) .{8,70}\.$/);
      expect(message).not.toContain("hunter2");
    }
    expect(checkJson("\uFEFF{}")).toMatchObject({ message: expect.stringContaining("byte order mark") });
    expect(checkJson('{"a":1,}')).toMatchObject({
      message: 'The JSON has an unexpected "}" at line 1, column 8.',
    });
    expect(checkJson("[1,\n2,,]")).toMatchObject({
      message: 'The JSON has an unexpected "," at line 2, column 3.',
    });
    expect(checkJson("[1,")).toMatchObject({ message: "The JSON ends before it is complete." });
  });
});
