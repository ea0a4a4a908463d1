import type { Row } from "./compare.ts";

const HEAD = "policy          overhead      R    p95     max  /seed  checkpoints  gave up  µs/decision";

/** The table of one set of cases. Overheads and R are geometric means; "gave up": more than 100 × the work. */
export function table(title: string, rows: Row[]): string {
  const cases = rows[0]?.cases ?? 0;
  const worst = rows.find(({ policy }) => policy === "ours")?.worst;
  const tail = worst ? [`worst of ours: ${worst}`] : [];
  return [`\n${title} (${cases} cases)`, HEAD, ...rows.map(line), ...tail].join("\n");
}

function line(row: Row): string {
  return [
    row.policy.padEnd(14),
    percent(row.overhead).padStart(9),
    row.r.toFixed(3).padStart(6),
    row.p95.toFixed(3).padStart(6),
    row.max.toFixed(2).padStart(7),
    row.toSeed.toFixed(3).padStart(6),
    String(row.checkpoints).padStart(12),
    String(row.gaveUp).padStart(8),
    row.microsecondsPerDecision.toFixed(2).padStart(12),
  ].join(" ");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
