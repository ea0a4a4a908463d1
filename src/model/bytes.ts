/** The parts, one after another, in an array of their own. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytesIn(parts));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** How many bytes the parts are together. */
export function bytesIn(parts: Iterable<Uint8Array>): number {
  let sum = 0;
  for (const part of parts) sum += part.length;
  return sum;
}
