/** Whole numbers as ranges `[from, to]`, ascending and apart: short while few are missing in between. */
export type Ranges = readonly (readonly [from: number, to: number])[];

export function has(ranges: Ranges, value: number): boolean {
  return ranges.some(([from, to]) => from <= value && value <= to);
}

/** With a number that is higher than all in it. */
export function append(ranges: Ranges, value: number): Ranges {
  const last = ranges.at(-1);
  if (!last || last[1] < value - 1) return [...ranges, [value, value]];
  return [...ranges.slice(0, -1), [last[0], value]];
}

export function without(ranges: Ranges, value: number): Ranges {
  return ranges.flatMap(([from, to]) => {
    if (value < from || value > to) return [[from, to] as const];
    const left = [
      [from, value - 1],
      [value + 1, to],
    ] as const;
    return left.filter(([first, last]) => first <= last);
  });
}

export function count(ranges: Ranges): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}
