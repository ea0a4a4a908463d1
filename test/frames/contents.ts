import fc from "fast-check";

const bytes = fc.uint8Array({ maxLength: 4000, size: "max" });

/** Contents of all sorts: empty, random, repetitive, JSON, large. */
export const content: fc.Arbitrary<Uint8Array> = fc.oneof(
  bytes,
  fc.constant(new Uint8Array(0)),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(300)).map(repeated),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc.record({ seed: fc.nat(), length: fc.nat(300_000) }).map(({ seed, length }) => noise(length, seed)),
  fc.tuple(fc.nat(200_000), fc.nat(255)).map(([length, value]) => new Uint8Array(length).fill(value)),
);

function repeated([unit, times]: [Uint8Array, number]): Uint8Array {
  const whole = new Uint8Array(unit.length * times);
  for (let i = 0; i < times; i++) whole.set(unit, i * unit.length);
  return whole;
}

/** Bytes that do not compress (xorshift32). */
export function noise(length: number, seed: number): Uint8Array {
  let x = (seed ^ 0x9e3779b9) | 1;
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = x;
  }
  return out;
}
