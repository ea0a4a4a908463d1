import { applyDelta } from "../../src/frames/delta/apply.ts";
import { encodeDelta } from "../../src/frames/delta/encode.ts";
import { DeltaError } from "../../src/frames/delta/format.ts";
import { inspectDelta } from "../../src/frames/delta/inspect.ts";
import { HOSTILE, repeating } from "../../test/frames/delta/hostile.ts";
import { firstProblem, randomPair } from "../../test/frames/delta/pairs.ts";
import { randomFrom } from "../../test/frames/delta/versions.ts";
import { figure, processorMs, type Report } from "./report.ts";
import { forgetPeak, residentOf } from "./resident.ts";
import { SEED } from "./states.ts";

const PAIRS = 100_000;
const MB = 1024 * 1024;
const LARGEST_STATE = 25 * MB;

/** Deltas of random pairs make their targets; those that somebody made by hand are refused, at no cost. */
export async function fuzz(report: Report): Promise<void> {
  hostile(report);
  pairs(report);
}

function pairs(report: Report): void {
  const random = randomFrom(SEED);
  const start = processorMs();
  const sums = { base: 0, target: 0, delta: 0, slowest: 0 };
  let wrong = 0;
  for (let i = 0; i < PAIRS; i++) {
    const pair = randomPair(random);
    const before = processorMs();
    const delta = encodeDelta(pair.base, pair.target);
    sums.slowest = Math.max(sums.slowest, processorMs() - before);
    const rebuilt = applyDelta(pair.base, delta, pair.target.length);
    const problem = firstProblem(pair, delta, rebuilt, inspectDelta(delta));
    if (problem !== null) console.log(`  pair ${i} of seed ${SEED}: ${problem}`);
    if (problem !== null) wrong++;
    sums.base += pair.base.length;
    sums.target += pair.target.length;
    sums.delta += delta.length;
  }
  const sizes = `${figure(sums.base)} bytes of bases, ${figure(sums.target)} of targets, ${figure(sums.delta)} of deltas`;
  report.add({ what: `${figure(PAIRS)} random pairs, not rebuilt`, value: wrong, limit: 0, peer: sizes });
  const seconds = `${figure((processorMs() - start) / 1000)} s of CPU in all`;
  report.add({ what: "encode, the slowest of them", value: sums.slowest, unit: "ms", peer: seconds });
}

/** The most that all hostile deltas together may take: far less than what they claim to make. */
const MOST_MB = 8;
const MOST_MS = 100;

function hostile(report: Report): void {
  const base = new Uint8Array(100);
  const large = new Uint8Array(4 * MB);
  const cases: [string, Uint8Array, Uint8Array, number][] = [
    ...HOSTILE.map(([name, delta]) => [name, delta, base, 200] as [string, Uint8Array, Uint8Array, number]),
    ["2 GB out of 4 MB, overlapping", repeating(large.length, 511), large, LARGEST_STATE],
    ["500,000 operations for another base", repeating(1, 500_000), large, LARGEST_STATE],
  ];
  let taken = 0;
  let slowest = { ms: 0, name: "" };
  forgetPeak("self");
  const started = residentOf("self").peak;
  for (const [name, delta, from, most] of cases) {
    const before = processorMs();
    if (!isRefused(from, delta, most)) taken++;
    const ms = processorMs() - before;
    if (ms > slowest.ms) slowest = { ms, name };
  }
  const grown = (residentOf("self").peak - started) / MB;
  const claims = `they claim up to ${figure(4 * 511)} MB`;
  report.add({ what: `${cases.length} hostile deltas, taken`, value: taken, limit: 0, peer: claims });
  report.add({ what: "growth of resident memory", value: grown, unit: "MB", limit: MOST_MB, peer: claims });
  const peer = `${slowest.name}; its length in bytes is what it takes`;
  report.add({ what: "CPU, the slowest of them", value: slowest.ms, unit: "ms", limit: MOST_MS, peer });
}

function isRefused(base: Uint8Array, delta: Uint8Array, most: number): boolean {
  try {
    applyDelta(base, delta, most);
    return false;
  } catch (error) {
    return error instanceof DeltaError;
  }
}
