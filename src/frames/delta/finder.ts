import { BlockIndex } from "./block-index.ts";
import { ENOUGH, type Match, type Pair, worth } from "./compare.ts";
import { Lookahead } from "./lookahead.ts";

/** What moving elsewhere and back costs, in bytes of text that deflate well. */
const JUMP = 16;
/** How far around the part that differs the base is indexed, as a multiple of that part. */
const REACH = 8;
/** After so many searches in a row that were in vain, only one in `RARELY` is made. */
const VAIN = 8;
const RARELY = 8;

function skips(vain: number): boolean {
  return vain >= VAIN && vain % RARELY !== 0;
}

/** Decides how the target goes on: with what is just ahead in the base, or with what is elsewhere. */
export class Finder {
  readonly #pair: Pair;
  readonly #lookahead: Lookahead;
  readonly #start: number;
  readonly #end: number;
  #index: BlockIndex | undefined;
  /** Searches of the index in a row that found nothing better, with those left out. */
  #vain = 0;
  /** Searches just ahead in a row that found no place where the versions meet again for long. */
  #apart = 0;

  /** @param start,end the part of the base that differs */
  constructor(pair: Pair, start: number, end: number) {
    this.#pair = pair;
    this.#lookahead = new Lookahead(pair);
    this.#start = start;
    this.#end = end;
  }

  /** The match to go on with where base and target differ; null when nothing more of the target is found. */
  find(from: number, at: number): Match | null {
    const ahead = this.#lookahead.find(from, at, skips(this.#apart));
    if (ahead === null) return this.#blocks().find(at, this.#pair.end, 0);
    this.#apart = ahead.meeting === null ? this.#apart + 1 : 0;
    const near = ahead.meeting ?? ahead.next;
    // A shorter meeting may be chance: records alike in all but a number.
    if (near.length >= ENOUGH || skips(this.#vain++)) return ahead.next;
    const far = this.#blocks().find(at, near.at + 1, worth(near, at) + JUMP);
    if (far === null) return ahead.next;
    this.#vain = 0;
    return far;
  }

  #blocks(): BlockIndex {
    this.#index ??= this.#build();
    return this.#index;
  }

  #build(): BlockIndex {
    const { base, end } = this.#pair;
    const reach = REACH * Math.max(end - this.#start, this.#end - this.#start);
    const last = Math.min(base.length, this.#end + reach);
    return new BlockIndex(this.#pair, Math.max(0, this.#start - reach), last);
  }
}
