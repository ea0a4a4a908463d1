interface Entry<T> {
  time: number;
  order: number;
  item: T;
}

/** A priority queue by time, then by the order of insertion. */
export class Queue<T> {
  readonly #heap: Entry<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  get nextTime(): number {
    return this.#heap[0]?.time ?? Number.POSITIVE_INFINITY;
  }

  push(time: number, item: T): void {
    const entry = { time, order: this.#order++, item };
    let at = this.#heap.push(entry) - 1;
    for (let up = (at - 1) >> 1; at > 0 && before(entry, this.#heap[up]!); up = (at - 1) >> 1) {
      this.#heap[at] = this.#heap[up]!;
      at = up;
    }
    this.#heap[at] = entry;
  }

  pop(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (this.#heap.length > 0 && last) this.#sink(last);
    return first?.item;
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down++;
      if (down >= heap.length || !before(heap[down]!, entry)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = entry;
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
