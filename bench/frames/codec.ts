import { deflateSync, gzipSync } from "node:zlib";
import { applyDelta } from "../../src/frames/delta/apply.ts";
import { encodeDelta } from "../../src/frames/delta/encode.ts";
import { inspectDelta } from "../../src/frames/delta/inspect.ts";
import { firstProblem } from "../../test/frames/delta/pairs.ts";
import {
  edit,
  items,
  json,
  noise,
  type Random,
  randomFrom,
  shuffled,
  type Versions,
} from "../../test/frames/delta/versions.ts";
import { figure, meanOf, processorMs, type Report } from "./report.ts";
import { growingSteps, SEED } from "./states.ts";

const RECORDS = 122_000;
/** What fossil-delta takes for a save of the growing pipeline. */
const FOSSIL_MS = 13.5;
const ENCODE_MS = 400;

interface Result {
  encodeMs: number;
  applyMs: number;
  /** Deflated, as it is stored. */
  bytes: number;
  /** The whole, deflated. */
  whole: number;
}

/** Byte deltas by themselves: size and time on states of four sorts. */
export async function codec(report: Report): Promise<void> {
  const random = randomFrom(SEED);
  const steps = await growingSteps();
  const pairs = steps.slice(1).map(({ content }, i) => ({ base: steps[i]!.content, target: content }));
  tell(report, "growing pipeline, a save", pairs.map(measure), { encodeMs: FOSSIL_MS });
  scattered(report, random);
  tell(report, "2 KB appended to 20 MB of noise", [measure(appended(random))], {
    bytes: 3072,
    encodeMs: ENCODE_MS,
  });
  for (const count of [6000, RECORDS]) {
    const records = items(count, random);
    const versions = { base: json(records), target: json(shuffled(records, random)) };
    tell(report, `${figure(count)} records shuffled`, [measure(versions)]);
  }
}

function measure({ base, target }: Versions): Result {
  const start = processorMs();
  const delta = encodeDelta(base, target);
  const encoded = processorMs();
  const rebuilt = applyDelta(base, delta, target.length);
  const end = processorMs();
  const problem = firstProblem({ base, target }, delta, rebuilt, inspectDelta(delta));
  if (problem !== null) throw new Error(problem);
  const [bytes, whole] = [deflateSync(delta).length, deflateSync(target, { level: 1 }).length];
  return { encodeMs: encoded - start, applyMs: end - encoded, bytes, whole };
}

function tell(
  report: Report,
  what: string,
  results: Result[],
  limits: { bytes?: number; encodeMs?: number } = {},
): void {
  const mean = (of: keyof Result) => meanOf(results.map((result) => result[of]));
  const limit = (value: number | undefined) => (value === undefined ? {} : { limit: value });
  const peer = `whole, deflated at level 1: ${figure(mean("whole"))}`;
  report.add({ what: `${what}: stored`, value: mean("bytes"), unit: "bytes", peer, ...limit(limits.bytes) });
  report.add({
    what: `${what}: encode`,
    value: mean("encodeMs"),
    unit: "ms",
    peer: `apply: ${figure(mean("applyMs"))} ms`,
    ...limit(limits.encodeMs),
  });
}

function scattered(report: Report, random: Random): void {
  const records = items(RECORDS, random);
  for (const fields of [1, 2, 3]) {
    const base = json({ records });
    const patch = edit(records, 0.01, random, fields);
    const results = [measure({ base, target: json({ records }) })];
    const bytes = 2 * gzipSync(JSON.stringify(patch)).length;
    tell(report, `20 MB JSON, 1 % of records, ${fields} fields`, results, { bytes, encodeMs: ENCODE_MS });
  }
}

function appended(random: Random): Versions {
  const base = noise(20_000_000, random);
  const target = new Uint8Array(base.length + 2048);
  target.set(base);
  target.set(noise(2048, random), base.length);
  return { base, target };
}
