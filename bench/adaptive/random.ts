/** A seeded stream of numbers in [0, 1): mulberry32. */
export function randomStream(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Log-normal factors of mean 1, the same for the same pipeline and task whatever the policy. */
export function taskNoise(sigma: number, seed: number): (pipeline: number, task: number) => number {
  const random = randomStream(seed);
  const factors = Float64Array.from({ length: 8191 }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.exp(sigma * normal - (sigma * sigma) / 2);
  });
  return (pipeline, task) => factors[(pipeline * 1009 + task) % factors.length]!;
}
