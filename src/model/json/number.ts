const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** True when a double prints back as this very text, so that nothing is lost by parsing it. */
export function isCanonicalNumber(text: string): boolean {
  return String(Number(text)) === text;
}

/** Longer number texts are equal only when they are the same, so that comparing again and again stays cheap. */
const LONGEST_COMPARED = 5000;

/** True when two number texts name the same decimal: `1.0` and `1`, `10e399` and `1E400`, `-0` and `0`. */
export function equalDecimals(a: string, b: string): boolean {
  return a === b || decimalForm(a) === decimalForm(b);
}

/**
 * One spelling for all texts of one decimal: sign, digits without outer zeros, exponent of the last digit. Texts that
 * are too long stay as they are.
 */
export function decimalForm(text: string): string {
  if (text.length > LONGEST_COMPARED) return text;
  const [, sign, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return "0";
  const significant = withoutTrailingZeros(digits);
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  // Past 2^53 sums of exponents round; such numbers are equal only as texts.
  return Number.isSafeInteger(power) ? `${sign}${significant}e${power}` : text;
}

/** A loop, because `/0+$/` backtracks in quadratic time over long runs of inner zeros. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  return digits.slice(0, end);
}
