/** One thing that was measured. */
export interface Measure {
  what: string;
  value: number;
  unit?: string;
  /** The most that it may be; without one it is told for comparison. */
  limit?: number;
  /** What something else takes in the same run. */
  peer?: string;
}

export interface Report {
  heading(text: string): void;
  add(measure: Measure): void;
  readonly notHeld: readonly string[];
}

/** Prints each line as it is measured. */
export function createReport(): Report {
  const notHeld: string[] = [];
  return {
    notHeld,
    heading: (text) => console.log(`\n${text}`),
    add({ what, value, unit = "", limit, peer }) {
      const held = limit === undefined || value <= limit;
      const bound = limit === undefined ? "" : `≤ ${figure(limit)}`;
      const cells = [`  ${what}`.padEnd(62), `${figure(value)} ${unit}`.padStart(18), bound.padStart(13)];
      const verdict = limit === undefined ? "" : held ? "held" : "NOT HELD";
      console.log(`${cells.join(" ")}  ${verdict.padEnd(8)}  ${peer ?? ""}`.trimEnd());
      if (!held) notHeld.push(what);
    },
  };
}

/** Whole numbers in groups of three; small ones with two places. */
export function figure(value: number): string {
  const digits = Number.isInteger(value) || value >= 1000 ? 0 : value >= 100 ? 1 : 2;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

export function meanOf(values: readonly number[]): number {
  return sumOf(values) / Math.max(1, values.length);
}

/** Processor time of this process, ms: the machine may be shared. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What a task answers, and the processor time that it took. */
export async function timed<T>(task: () => Promise<T> | T): Promise<{ result: T; ms: number }> {
  const start = processorMs();
  const result = await task();
  return { result, ms: processorMs() - start };
}
