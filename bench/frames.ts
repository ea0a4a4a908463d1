import { append } from "./frames/append.ts";
import { codec } from "./frames/codec.ts";
import { corruption } from "./frames/corruption.ts";
import { fuzz } from "./frames/fuzz.ts";
import { growing } from "./frames/growing.ts";
import { endGrown } from "./frames/grown.ts";
import { large } from "./frames/large.ts";
import { load } from "./frames/load.ts";
import { createReport, type Report } from "./frames/report.ts";
import { scattered } from "./frames/scattered.ts";

export const about =
  "What a checkpoint costs: bytes stored and sent, CPU, loads, damage, hostile deltas, 100 MB";

const SECTIONS: Readonly<Record<string, (report: Report) => Promise<void>>> = {
  codec,
  growing,
  load,
  scattered,
  append,
  fuzz,
  corruption,
  large,
};

/** Words: what the names of sections begin with (default: all). @throws when a limit is not held */
export async function run(words: string[]): Promise<void> {
  const report = createReport();
  const chosen = Object.entries(SECTIONS).filter(
    ([name]) => words.length === 0 || words.some((word) => name.startsWith(word)),
  );
  if (chosen.length === 0) throw new Error(`The sections are ${Object.keys(SECTIONS).join(", ")}.`);
  try {
    for (const [name, section] of chosen) {
      const start = performance.now();
      report.heading(name);
      await section(report);
      console.log(`  (${((performance.now() - start) / 1000).toFixed(0)} s)`);
    }
  } finally {
    await endGrown();
  }
  const { notHeld } = report;
  if (notHeld.length > 0) throw new Error(`Not held: ${notHeld.join("; ")}`);
}
