import { item, items, json, noise, type Random, shuffled, type Versions } from "./versions.ts";

/** About one pair in so many is of 5 MB. */
const HUGE_EVERY = 5000;
const HUGE = 5 * 1024 * 1024;

/** A pair for the fuzz: empty, equal, reversed, of one byte, edited, unrelated, alike, of 2 letters, huge. */
export function randomPair(random: Random): Versions {
  const length = random(HUGE_EVERY) === 0 ? HUGE : random(2 ** (1 + random(14)));
  return randomPairOf(length, random);
}

/** The same with a base of about that length. */
export function randomPairOf(length: number, random: Random): Versions {
  const base = content(length, random);
  const kind = random(10);
  if (kind === 0) return { base, target: base.slice() };
  if (kind === 1) return { base, target: base.slice().reverse() };
  if (kind === 2) return { base, target: content(random(2), random) };
  if (kind === 3) return { base: content(random(2), random), target: base };
  if (kind === 4) return { base, target: content(random(length + 1), random) };
  if (kind === 5 && length > 200) return records(length, random);
  return { base, target: edited(base, random) };
}

function content(length: number, random: Random): Uint8Array {
  const kind = random(4);
  if (kind === 0) return new Uint8Array(length).fill(random(256));
  const bytes = noise(kind === 1 ? 1 + random(80) : length, random);
  if (kind === 1) return Uint8Array.from({ length }, (_, i) => bytes[i % bytes.length]!);
  return kind === 2 ? bytes : bytes.map((byte) => 97 + (byte & 1));
}

/** JSON records of which some went, came, changed or moved. */
function records(length: number, random: Random): Versions {
  const before = items(Math.ceil(length / 170), random);
  const after = before.flatMap((one, i) => {
    const chance = random(20);
    if (chance === 0) return [];
    if (chance === 1) return [one, item(i, random)];
    return chance === 2 ? [{ ...one, amount: random(1e6) }] : [one];
  });
  return { base: json(before), target: json(random(4) === 0 ? shuffled(after, random) : after) };
}

/** Some edits of all sorts, each at a random place. */
function edited(base: Uint8Array, random: Random): Uint8Array {
  let bytes = base;
  for (let edits = 1 + random(8); edits > 0; edits--) {
    const from = random(bytes.length + 1);
    const end = Math.min(bytes.length, from + random(2 ** (1 + random(10))));
    const middle = [
      () => new Uint8Array(0),
      () => noise(random(2 ** (1 + random(9))), random),
      () => noise(end - from, random),
      () => moved(bytes, random),
    ][random(4)]!;
    bytes = joined(bytes.subarray(0, from), middle(), bytes.subarray(end));
  }
  return bytes;
}

function moved(bytes: Uint8Array, random: Random): Uint8Array {
  const from = random(bytes.length + 1);
  return bytes.subarray(from, from + random(bytes.length - from + 1));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A short name of the first thing that is wrong with a delta of this pair, or null. */
export function firstProblem(
  { base, target }: Versions,
  delta: Uint8Array,
  rebuilt: Uint8Array,
  facts: { targetBytes: number; copiedBytes: number; insertedBytes: number; baseBytesNeeded: number },
): string | null {
  if (rebuilt.length !== target.length) return "the rebuilt target has another length";
  for (let i = 0; i < target.length; i++) if (rebuilt[i] !== target[i]) return `byte ${i} differs`;
  if (facts.targetBytes !== target.length || facts.baseBytesNeeded !== base.length) return "wrong facts";
  if (facts.copiedBytes + facts.insertedBytes !== target.length) return "copied and inserted do not add up";
  if (delta.length > target.length + 32) return "the delta is longer than the target";
  return null;
}
