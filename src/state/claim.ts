/** Whoever took a work upon himself may have died; then it is another's. */
const CLAIM_MS = 15_000;

/** Work that many leave to be done, and one does. */
export interface Claim {
  /**
   * Whether nobody has taken it upon himself: who gets `true` has, for some seconds.
   *
   * @param spacedMs not so soon after it was last done. @default 0
   */
  take(spacedMs?: number): boolean;
  /** It is done: another may take what comes next. */
  done(): void;
}

export function claim(): Claim {
  let takenUntil = 0;
  let doneAt = 0;
  return {
    take(spacedMs = 0) {
      const now = Date.now();
      if (now < takenUntil || now < doneAt + spacedMs) return false;
      takenUntil = now + CLAIM_MS;
      return true;
    },
    done() {
      takenUntil = 0;
      doneAt = Date.now();
    },
  };
}
