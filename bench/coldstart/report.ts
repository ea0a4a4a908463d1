/** Milliseconds of every round, by what was measured. */
export type Times<Name extends string> = Record<Name, number[]>;

/** Times `measure` for both in turn, the first of a round changing from round to round. */
export async function alternate<Name extends string>(
  [one, other]: readonly [Name, Name],
  count: number,
  measure: (name: Name) => Promise<number>,
): Promise<Times<Name>> {
  const times = { [one]: [], [other]: [] } as unknown as Times<Name>;
  for (let round = 0; round < count; round++) {
    const order = round % 2 === 0 ? [one, other] : [other, one];
    for (const name of order) times[name].push(await measure(name));
  }
  return times;
}

/** Both, and the second against the first. */
export function report<Name extends string>(title: string, times: Times<Name>): void {
  const [one, other] = Object.keys(times) as [Name, Name];
  const ratio = (of: (each: number[]) => number) => (of(times[other]) / of(times[one])).toFixed(2);
  console.log(title);
  for (const name of [one, other]) console.log(line(name, times[name]));
  console.log(`  ${other} : ${one} = ${ratio(median)} (medians), ${ratio(least)} (minima)\n`);
}

export function line(name: string, times: number[]): string {
  const [min, middle, max] = [least(times), median(times), Math.max(...times)].map(
    (ms) => `${ms.toFixed(1)} ms`,
  );
  return `  ${name.padEnd(6)} median ${middle}   min ${min}   max ${max}`;
}

/** What a busy machine disturbs the least. */
function least(times: number[]): number {
  return Math.min(...times);
}

export function median(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
