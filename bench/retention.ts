import { measured, PER_DOUBLING } from "./retention/measure.ts";

export const about = "Discrepancy of online retention with k slots (1: evenly spread; to be at most 1.55)";

/** Achievable for k < 60: Bringmann, Doerr, Neumann, Sliacan, ICALP 2013. For large k, ln 4 (Bar-On et al. 2020). */
const KNOWN = 1.55;

/** Prints a line for each k. Words: the first and the last k (default 3 and 59). @throws when one is above the bound */
export async function run([first = "3", last = "59"]: string[]): Promise<void> {
  console.log(
    `largest gap · (k + 1) ÷ age; checkpoints at chosen times, or ${PER_DOUBLING} for each doubling of age`,
  );
  console.log(row("k", "no less", "known", "chosen", "given", "keep last k"));
  const exceeded: number[] = [];
  for (let k = Number(first); k <= Number(last); k++) {
    const { chosen, given, control } = measured(k);
    console.log(row(k, 1 + 1 / k, k < 60 ? KNOWN : Math.log(4), chosen, given, control));
    if (Math.max(chosen, given) > KNOWN) exceeded.push(k);
  }
  if (exceeded.length > 0) throw new Error(`above ${KNOWN}: k = ${exceeded.join(", ")}`);
}

function row(...cells: (string | number)[]): string {
  const text = (cell: string | number) => (Number.isInteger(cell) ? `${cell}` : Number(cell).toFixed(4));
  return cells.map((cell) => (typeof cell === "string" ? cell : text(cell)).padStart(8)).join("  ");
}
