/** The two versions that a delta is made between. */
export interface Pair {
  readonly base: Uint8Array;
  readonly target: Uint8Array;
  /** Views of the same bytes: they read a word at any position. */
  readonly baseWords: DataView;
  readonly targetWords: DataView;
  /** Matching ends here in the target: what follows is dealt with. */
  readonly end: number;
}

/** Where the target goes on with bytes of the base. */
export interface Match {
  /** In the target; what lies between the end of the match before and here is inserted. */
  at: number;
  /** In the base. */
  from: number;
  length: number;
}

/**
 * So many bytes of a match tell whether it is the right one. No more are compared before it is taken: a place
 * that is found again after each of several edits would have its megabytes compared each time.
 */
export const ENOUGH = 1024;

/** What a match is worth: the bytes it saves, less those that must be inserted to get to it. */
export function worth(match: Match, at: number): number {
  return match.length - (match.at - at);
}

export function pairOf(base: Uint8Array, target: Uint8Array, end = target.length): Pair {
  return { base, target, baseWords: words(base), targetWords: words(target), end };
}

function words({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** How many bytes of the base from `from` and of the target from `at` are the same, `most` at most. */
export function sameForward(pair: Pair, from: number, at: number, most = Infinity): number {
  const { base, target, baseWords: b, targetWords: t } = pair;
  const limit = Math.min(base.length - from, pair.end - at, most);
  let n = 0;
  // Two words at a time: 2.5 times as fast as byte by byte, and wherever the words lie.
  while (
    n + 8 <= limit &&
    b.getInt32(from + n) === t.getInt32(at + n) &&
    b.getInt32(from + n + 4) === t.getInt32(at + n + 4)
  ) {
    n += 8;
  }
  while (n < limit && base[from + n] === target[at + n]) n++;
  return n;
}

/** How many bytes before `from` and before `at` are the same, `limit` at most, which both must have. */
export function sameBackward(pair: Pair, from: number, at: number, limit: number): number {
  const { base, target, baseWords: b, targetWords: t } = pair;
  let n = 0;
  while (
    n + 8 <= limit &&
    b.getInt32(from - n - 4) === t.getInt32(at - n - 4) &&
    b.getInt32(from - n - 8) === t.getInt32(at - n - 8)
  ) {
    n += 8;
  }
  while (n < limit && base[from - n - 1] === target[at - n - 1]) n++;
  return n;
}
