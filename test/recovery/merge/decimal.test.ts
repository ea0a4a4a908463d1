import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalDecimals } from "../../../src/model/json/number.ts";
import { compareDecimals, sumDecimals } from "../../../src/recovery/merge/decimal.ts";
import { awkwardNumbers } from "../../model/json/arbitrary.ts";

/** `digits` of `10 ** -places`, spelled in one of several ways. */
const decimal = fc
  .record({
    digits: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
    places: fc.integer({ min: 0, max: 25 }),
    spelling: fc.constantFrom("plain", "exponent", "padded"),
  })
  .map(({ digits, places, spelling }) => {
    const exact = digits * 10n ** BigInt(25 - places);
    if (spelling === "exponent") return { exact, text: `${digits}e-${places}` };
    const abs = String(digits < 0n ? -digits : digits).padStart(places + 1, "0");
    const point = abs.length - places;
    const fraction = abs.slice(point) + (spelling === "padded" ? "00" : "");
    const text = `${digits < 0n ? "-" : ""}${abs.slice(0, point)}${fraction === "" ? "" : `.${fraction}`}`;
    return { exact, text };
  });

describe("decimals", () => {
  it("are compared exactly", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const expected = a.exact === b.exact ? 0 : a.exact > b.exact ? 1 : -1;
        expect(Math.sign(compareDecimals(a.text, b.text)!)).toBe(expected);
        expect(Math.sign(compareDecimals(b.text, a.text)!)).toBe(0 - expected);
      }),
    );
  });

  it("are added exactly, into a JSON number", () => {
    fc.assert(
      fc.property(decimal, decimal, decimal, (a, b, c) => {
        const sum = sumDecimals(a.text, b.text, c.text)!;
        expect(typeof JSON.parse(sum)).toBe("number");
        expect(equalDecimals(sum, `${a.exact + b.exact - c.exact}e-25`)).toBe(true);
      }),
    );
  });

  it("of all spellings order and add without harm", () => {
    for (const a of awkwardNumbers)
      for (const b of awkwardNumbers) {
        expect(Math.sign(compareDecimals(a, b)!)).toBe(0 - Math.sign(compareDecimals(b, a)!));
        const sum = sumDecimals(a, b, a);
        if (sum !== null) expect(equalDecimals(sum, b), `${a} ${b}`).toBe(true);
      }
  });

  it.each([
    ["0.10", "0.20", "0", "0.30"],
    ["-0.5", "0", "0", "-0.5"],
    ["-0", "0", "0", "0"],
    ["5e-31", "1e-31", "0", "6e-31"],
    ["1e40", "1e40", "1e40", "1e40"],
    ["0e-9999", "1", "0e9999", "1"],
  ])("%s + %s - %s = %s", (a, b, less, sum) => {
    expect(sumDecimals(a, b, less)).toBe(sum);
  });

  it("that are too wide are not added, and cost nothing", () => {
    expect(sumDecimals("1e1000000000", "1", "0")).toBeNull();
    expect(sumDecimals(`1${"0".repeat(2000)}`, "1", "0")).toBeNull();
    expect(compareDecimals("1e1000000000", "2e999999999")).toBeGreaterThan(0);
    expect(compareDecimals("-1e9999999999", "-2e-9999999999")).toBeLessThan(0);
  });
});
