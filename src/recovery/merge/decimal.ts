/** A number text taken apart: its digits without leading zeros, the last of which counts `10 ** exponent`. */
interface Decimal {
  negative: boolean;
  /** Empty for zero. */
  digits: string;
  exponent: number;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** The most digits between the first of the largest term of a sum and the last of the smallest. */
const WIDEST = 1000;
/** The most places behind the point, and zeros before it, that are written out. */
const WRITTEN_OUT = 30;

/** Null where the exponent itself is more than a double holds exactly. */
function decimalOf(text: string): Decimal | null {
  const [, sign, whole = "", fraction = "", power = "0"] = NUMBER.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const exponent = Number(power) - fraction.length;
  return Number.isSafeInteger(exponent) ? { negative: sign === "-", digits, exponent } : null;
}

/**
 * Which of two JSON numbers is larger, exactly: positive when `a` is, negative when `b` is, 0 for the same decimal.
 * Null when an exponent is beyond all measure.
 */
export function compareDecimals(a: string, b: string): number | null {
  const [left, right] = [decimalOf(a), decimalOf(b)];
  if (!left || !right) return null;
  const [signOfLeft, signOfRight] = [signOf(left), signOf(right)];
  if (signOfLeft !== signOfRight) return signOfLeft - signOfRight;
  return signOfLeft > 0 ? compareMagnitudes(left, right) : compareMagnitudes(right, left);
}

function signOf({ negative, digits }: Decimal): number {
  if (digits === "") return 0;
  return negative ? -1 : 1;
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  const above = topOf(a) - topOf(b);
  if (above !== 0) return above;
  const length = Math.max(a.digits.length, b.digits.length);
  const [left, right] = [a.digits.padEnd(length, "0"), b.digits.padEnd(length, "0")];
  if (left === right) return 0;
  return left > right ? 1 : -1;
}

/** Where its first digit stands. */
function topOf({ digits, exponent }: Decimal): number {
  return digits.length + exponent;
}

/**
 * `a + b - less` of JSON numbers, exactly, with as many places behind the point as the one that has most: `1.50` and
 * `1.50` make `3.00`. Null when the sum would be a thousand digits wide.
 */
export function sumDecimals(a: string, b: string, less: string): string | null {
  const terms = [decimalOf(a), decimalOf(b), decimalOf(less)].map((term) => term && withoutEmptyPlaces(term));
  const known = terms.filter((term) => term !== null);
  if (known.length < terms.length) return null;
  const low = Math.min(...known.map(({ exponent }) => exponent));
  if (Math.max(...known.map(topOf)) - low > WIDEST) return null;
  const [first, second, third] = known.map((term) => scaled(term, low));
  return printed(first! + second! - third!, low);
}

/** A zero of many places (`0e-99`) would make the sum as wide. */
function withoutEmptyPlaces(term: Decimal): Decimal {
  const isWide = term.digits === "" && (term.exponent > 0 || term.exponent < -WRITTEN_OUT);
  return isWide ? { ...term, exponent: 0 } : term;
}

function scaled({ negative, digits, exponent }: Decimal, low: number): bigint {
  const value = BigInt(digits || 0) * 10n ** BigInt(exponent - low);
  return negative ? -value : value;
}

function printed(value: bigint, exponent: number): string {
  if (exponent >= 0 && exponent <= WRITTEN_OUT) return String(value * 10n ** BigInt(exponent));
  if (exponent > 0 || -exponent > WRITTEN_OUT) return `${value}e${exponent}`;
  const digits = String(value < 0n ? -value : value).padStart(1 - exponent, "0");
  const point = digits.length + exponent;
  return `${value < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}
