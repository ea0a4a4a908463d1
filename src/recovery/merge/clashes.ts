/** A place that both sides changed in ways that do not go together. */
export interface Clash {
  /** A JSON Pointer; the items of arrays by their place in the base. */
  pointer: string;
  message: string;
}

/** How many clashes are told by their pointers; the others are counted. */
export const MOST_CLASHES = 100;

/** How far a list had come. */
export interface Mark {
  count: number;
  length: number;
}

/** The clashes met so far. There may be millions of them, and an answer names a few. */
export class Clashes {
  readonly list: Clash[] = [];
  count = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** @param describe is called only for those that are told */
  add(describe: () => Clash): void {
    this.count += 1;
    if (this.list.length < this.#most) this.list.push(describe());
  }

  mark(): Mark {
    return { count: this.count, length: this.list.length };
  }

  /** Forgets those met since. */
  backTo({ count, length }: Mark): void {
    this.count = count;
    this.list.length = length;
  }
}
