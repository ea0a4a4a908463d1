/** Where the target goes on with bytes of the base. */
export interface Match {
  /** In the target; what lies between the end of the match before and here is inserted. */
  at: number;
  /** In the base. */
  from: number;
  length: number;
}

/** The two versions, and the part of the target that is to be matched. */
export interface Pair {
  base: Uint8Array;
  target: Uint8Array;
  /** Matching ends here in the target. */
  end: number;
}

/** What a match is worth: the bytes it saves, less those that must be inserted to get to it. */
export function worth(match: Match, at: number): number {
  return match.length - (match.at - at);
}
