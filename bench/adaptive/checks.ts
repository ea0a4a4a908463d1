/** A figure and the most it may be; NaN where nothing is asked of it. */
export interface Check {
  what: string;
  value: number;
  limit: number;
}

/** The summary: every figure, its limit, and whether it is kept. */
export function summary(checks: readonly Check[]): string {
  const missed = checks.filter((check) => verdict(check) === "MISSED").length;
  const tail = missed === 0 ? "All limits are kept." : `${missed} of ${checks.length} figures MISSED.`;
  return [`${"\nSummary".padEnd(69)}figure   limit`, ...checks.map(line), tail].join("\n");
}

function line(check: Check): string {
  const limit = Number.isNaN(check.limit) ? "" : `≤ ${check.limit}`;
  return [check.what.padEnd(64), digits(check.value).padStart(10), limit.padStart(8), verdict(check)].join(
    " ",
  );
}

function verdict({ value, limit }: Check): string {
  if (Number.isNaN(limit)) return "";
  // Not "value > limit": a figure that is not a number is missed.
  return value <= limit ? "ok" : "MISSED";
}

function digits(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}
