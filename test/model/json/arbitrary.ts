import * as fc from "fast-check";

/** Keys that collide with prototypes, pointers' escapes and array indices. */
export const awkwardKeys = [
  "a",
  "b",
  "",
  "0",
  "1",
  "-",
  "~",
  "/",
  "a/b",
  "~1",
  "__proto__",
  "constructor",
  "toString",
  "é",
  "\u0000",
  '"\\',
  "\ud800",
];

/** Number texts that a double prints otherwise, and some that it does not. */
export const awkwardNumbers = [
  "0",
  "-0",
  "-0.0",
  "1",
  "1.0",
  "1E5",
  "1e+21",
  "1e400",
  "-1e400",
  "1e-400",
  "0.1",
  "0.10",
  "9007199254740993",
  "123456789012345678901234567890",
  "-17",
  "0.30000000000000004",
];

const space = fc.constantFrom("", "", "", " ", "\n\t", "\r\n  ");
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...awkwardKeys) },
  fc.string({ unit: "binary" }),
);
const numberText = fc.oneof(
  fc.constantFrom(...awkwardNumbers),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => JSON.stringify(n)),
  fc.bigInt().map(String),
);

/** A string literal, plainly printed or with every unit escaped. */
function literal(text: string, escaped: boolean): string {
  if (!escaped) return JSON.stringify(text);
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`;
}

const keyLiteral = fc.tuple(key, fc.boolean()).map(([text, escaped]) => literal(text, escaped));
const stringLiteral = fc
  .tuple(fc.oneof(fc.constantFrom("", "\\", '"]}', "[{,:", "\\\\"), key), fc.boolean())
  .map(([text, escaped]) => literal(text, escaped));

/** JSON texts with white space, repeated keys, escapes, and numbers beyond doubles. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => {
  const spaced = fc.tuple(space, tie("value"), space).map((parts) => parts.join(""));
  const member = fc.tuple(space, keyLiteral, space, spaced).map(([a, k, b, v]) => `${a}${k}${b}:${v}`);
  return {
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.oneof(fc.constantFrom("null", "true", "false", "[]", "{ }", "[ ]", "{}"), numberText, stringLiteral),
      fc.array(spaced, { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
      fc.array(member, { maxLength: 5 }).map((members) => `{${members.join(",")}}`),
    ),
  };
}).value;

/** Pointers that often lead somewhere in a `jsonText`. */
export const pointerTokens: fc.Arbitrary<string[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...awkwardKeys) },
    fc.constantFrom("00", "01", "1e0", "2", "99999999999999999999"),
  ),
  { maxLength: 4 },
);

/** `count` opening brackets, alternating arrays and objects, closed again. */
export function nested(count: number): string {
  let text = "1";
  for (let i = 0; i < count; i++) text = i % 2 ? `{"[":${text}}` : `[${text}]`;
  return text;
}
