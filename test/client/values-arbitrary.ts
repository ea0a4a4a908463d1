import * as fc from "fast-check";

const key = fc.oneof(
  fc.constantFrom("a", "b", "__proto__", "constructor", "$date", "$$ref", "$", "~/", "0", "length", ""),
  fc.string({ unit: "binary" }),
);

const leaf = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, Number.NaN, -0, 0, Number.POSITIVE_INFINITY, -Infinity),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: "binary" }),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.uint8Array().map((bytes) => bytes.buffer),
  fc.oneof(fc.float32Array(), fc.float64Array(), fc.int16Array(), fc.uint8ClampedArray(), fc.bigInt64Array()),
  fc.webUrl().map((text) => new URL(text)),
  fc.constantFrom(/a/, /[/]\/\n"/giu, /(?<year>\d{4})/y, /(?:)/),
);

/** Values of every kind that is kept; no object is in one twice. */
export const keptValue: fc.Arbitrary<unknown> = fc.letrec((tie) => {
  const value = tie("value");
  return {
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(value, { maxLength: 4 }),
      fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
      fc.array(value, { maxLength: 4 }).map((items) => new Set(items)),
      fc.array(fc.tuple(value, value), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    ),
  };
}).value as fc.Arbitrary<unknown>;

const tag = fc.constantFrom(
  ...["$date", "$bytes", "$buffer", "$regexp", "$url", "$float64array", "$set", "$map", "$$", "$$date"],
  ...["$ref", "$number", "$bigint", "$undefined", "$nothing", "$"],
);
const content = fc.constantFrom<unknown>(
  ...["", "/", "/a", "/0/$set", "NaN", "-0", "12", "1e5", "AAAA", "A", "\u0000", "/(/", "http://", null],
  ...[true, 0, 1e9, [], {}, [[]], [[1]], [[1, 2, 3]], "2026-11-23", "Nov 23 2026", "+275760-09-13T00:00:00Z"],
);

/** JSON that uses the tags in every wrong way, and sometimes in a right one. */
export const taggedJson: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    content,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.tuple(tag, tie("value")).map((entry) => Object.fromEntries([entry])),
    fc.dictionary(key, tie("value"), { maxKeys: 3 }),
  ),
})).value as fc.Arbitrary<unknown>;
