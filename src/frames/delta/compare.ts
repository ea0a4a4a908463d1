/** How many bytes of `a` from `i` and of `b` from `j` are the same, at most `limit`, which both must have. */
export function sameForward(a: Uint8Array, i: number, b: Uint8Array, j: number, limit: number): number {
  let n = 0;
  while (n < limit && a[i + n] === b[j + n]) n++;
  return n;
}

/** How many bytes of `a` before `i` and of `b` before `j` are the same, at most `limit`, which both must have. */
export function sameBackward(a: Uint8Array, i: number, b: Uint8Array, j: number, limit: number): number {
  let n = 0;
  while (n < limit && a[i - n - 1] === b[j - n - 1]) n++;
  return n;
}
