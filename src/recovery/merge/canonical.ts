import { decimalForm, equalDecimals } from "../../model/json/number.ts";
import { isRawNumber, type JsonObject, type JsonValue } from "../../model/json/value.ts";

/**
 * One text for all values that are equal (`equalJson`): members in any order, numbers as the decimals that they are.
 * Recursion follows the depth, which the caller has bounded (`checkJson`).
 */
export function canonicalText(value: JsonValue): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  return isRawNumber(value) ? rawText(value.rawJSON) : membersText(value);
}

function membersText(object: JsonObject): string {
  const keys = Object.keys(object).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(object[key]!)}`).join(",")}}`;
}

/** Small whole numbers are most of what documents hold. */
function numberText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : decimalForm(String(value));
}

function rawText(text: string): string {
  const value = Number(text);
  const isWhole = Number.isSafeInteger(value) && equalDecimals(text, String(value));
  return isWhole ? String(value) : decimalForm(text);
}

/** Numbers for values, so that lists of them can be compared as lists of integers: one number for equal values. */
export class Numbering {
  readonly #numbers = new Map<string, number>();

  of(values: readonly JsonValue[]): Int32Array {
    return Int32Array.from(values, (value) => this.#numberOf(canonicalText(value)));
  }

  #numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
