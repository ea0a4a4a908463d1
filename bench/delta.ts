import { deflateSync, gzipSync } from "node:zlib";
import { applyDelta } from "../src/frames/delta/apply.ts";
import { encodeDelta } from "../src/frames/delta/encode.ts";
import { inspectDelta } from "../src/frames/delta/inspect.ts";
import { firstProblem, randomPair } from "../test/frames/delta/pairs.ts";
import {
  edit,
  growingPipeline,
  items,
  json,
  noise,
  type Random,
  randomFrom,
  shuffled,
  type Versions,
} from "../test/frames/delta/versions.ts";

export const about = "byte deltas: size and time on states of four sorts, then the fuzz of 100,000 pairs";

const SEED = 20261123;
const RECORDS = 122_000;

interface Result {
  encodeMs: number;
  applyMs: number;
  /** Deflated, as it is stored. */
  bytes: number;
}

/** Words: the number of pairs of the fuzz (default 100,000). */
export async function run([pairs = "100000"]: string[]): Promise<void> {
  const random = randomFrom(SEED);
  const failures = [growing(random), scattered(random), appended(random)].filter((held) => !held).length;
  shuffledRecords(random);
  fuzz(Number(pairs));
  if (failures > 0) throw new Error(`${failures} limits were not held`);
}

/** Processor time in ms: the machine may be shared. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function measure({ base, target }: Versions): Result {
  const start = processorMs();
  const delta = encodeDelta(base, target);
  const encoded = processorMs();
  const rebuilt = applyDelta(base, delta, target.length);
  const end = processorMs();
  const problem = firstProblem({ base, target }, delta, rebuilt, inspectDelta(delta));
  if (problem !== null) throw new Error(problem);
  return { encodeMs: encoded - start, applyMs: end - encoded, bytes: deflateSync(delta).length };
}

function average(results: Result[], of: keyof Result): number {
  return results.reduce((sum, result) => sum + result[of], 0) / results.length;
}

/** Prints a line; whether its limits hold, if any are given. */
function report(
  what: string,
  results: Result[],
  limits: { bytes?: number; encodeMs?: number } = {},
): boolean {
  const [encodeMs, applyMs, bytes] = (["encodeMs", "applyMs", "bytes"] as const).map((of) =>
    average(results, of),
  );
  const limit = (value: number | undefined, unit: string) =>
    value === undefined ? "" : ` (limit ${Math.round(value)}${unit})`;
  const held = bytes! <= (limits.bytes ?? Infinity) && encodeMs! <= (limits.encodeMs ?? Infinity);
  console.log(
    `${what.padEnd(44)} encode ${encodeMs!.toFixed(1)} ms${limit(limits.encodeMs, " ms")}` +
      `  apply ${applyMs!.toFixed(1)} ms  stored ${Math.round(bytes!)}${limit(limits.bytes, "")}` +
      `${held ? "" : "  NOT HELD"}`,
  );
  return held;
}

function growing(random: Random): boolean {
  const states = [...growingPipeline(random)];
  const results = states.slice(1).map((target, i) => measure({ base: states[i]!, target }));
  const last = states.at(-1)!;
  const stored = results.reduce((sum, { bytes }) => sum + bytes, gzipSync(states[0]!).length);
  const limit = 1.5 * gzipSync(last).length + 1024 * states.length;
  console.log(`growing: ${last.length} bytes at last, stored ${stored} in all (limit ${Math.round(limit)})`);
  return report("growing pipeline, a save", results, { encodeMs: 13.5 }) && stored <= limit;
}

function scattered(random: Random): boolean {
  const records = items(RECORDS, random);
  const held = [1, 2, 3].map((fields) => {
    const results: Result[] = [];
    let limit = 0;
    for (let round = 0; round < 3; round++) {
      const base = json({ records });
      const patch = edit(records, 0.01, random, fields);
      results.push(measure({ base, target: json({ records }) }));
      limit += (2 * gzipSync(JSON.stringify(patch)).length) / 3;
    }
    return report(`20 MB JSON, 1 % of records, ${fields} fields`, results, { bytes: limit, encodeMs: 400 });
  });
  return held.every(Boolean);
}

function appended(random: Random): boolean {
  const base = noise(20_000_000, random);
  const target = new Uint8Array(base.length + 2048);
  target.set(base);
  target.set(noise(2048, random), base.length);
  return report("2 KB appended to 20 MB of noise", [measure({ base, target })], {
    bytes: 3072,
    encodeMs: 400,
  });
}

function shuffledRecords(random: Random): void {
  for (const count of [6000, RECORDS]) {
    const records = items(count, random);
    const versions = { base: json(records), target: json(shuffled(records, random)) };
    report(`${count} records shuffled`, [measure(versions)]);
  }
}

function fuzz(pairs: number): void {
  const random = randomFrom(SEED);
  const start = performance.now();
  const sums = { base: 0, target: 0, delta: 0, slowest: 0 };
  for (let i = 0; i < pairs; i++) {
    const pair = randomPair(random);
    const before = performance.now();
    const delta = encodeDelta(pair.base, pair.target);
    sums.slowest = Math.max(sums.slowest, performance.now() - before);
    const rebuilt = applyDelta(pair.base, delta, pair.target.length);
    const problem = firstProblem(pair, delta, rebuilt, inspectDelta(delta));
    if (problem !== null) throw new Error(`pair ${i} of seed ${SEED}: ${problem}`);
    sums.base += pair.base.length;
    sums.target += pair.target.length;
    sums.delta += delta.length;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`fuzz: ${pairs} pairs rebuilt in ${seconds} s, slowest encode ${sums.slowest.toFixed(0)} ms;`);
  console.log(`      ${sums.base} bytes of bases, ${sums.target} of targets, ${sums.delta} of deltas`);
}
