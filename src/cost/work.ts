export type Store = "object" | "dynamodb" | "postgres" | "redis";

/** What is asked of a store, in the units that are billed. */
export interface Work {
  /** Of an object store: PUT and LIST. DELETE is free. */
  puts?: number;
  /** Of an object store: GET and HEAD. */
  gets?: number;
  writeUnits?: number;
  readUnits?: number;
  /** Statements, or scripts. */
  calls?: number;
  /** Out of the database, and for Redis into it as well. */
  bytes?: number;
}

export interface OperationWork {
  /** A save with a checkpoint under a lease, with its share of pruning. */
  checkpoint: Work;
  heartbeat: Work;
  /** A process adds what it has counted, for one tenant and one kind, to the sums. */
  flushed: Work;
  /** A sweep that finds nothing due. */
  swept: Work;
  /** A machine dies: a sweep interrupts its pipeline, and another machine resumes it. */
  failure: Work;
}

/** By the bytes of a checkpoint's frame: those of `upTo` bytes, in rising order. */
type Sized = readonly (OperationWork & { upTo: number })[];

/**
 * As counted at the stores' stand-ins, by test/cost/work.test.ts, once a head remembers its 64 last writes. Above 32 KB,
 * on DynamoDB 2.5 KB, a frame is an object of its own. DynamoDB bills every KB of the head with every write.
 */
export const WORK: Readonly<Record<Store, Sized>> = {
  object: [
    {
      upTo: 500,
      checkpoint: { puts: 1.64, gets: 0.79 },
      heartbeat: { puts: 1, gets: 0 },
      flushed: { puts: 2, gets: 2 },
      swept: { puts: 1, gets: 0 },
      failure: { puts: 6, gets: 6 },
    },
    {
      upTo: 32_768,
      checkpoint: { puts: 1.72, gets: 2.18 },
      heartbeat: { puts: 1, gets: 0 },
      flushed: { puts: 2, gets: 2 },
      swept: { puts: 1, gets: 0 },
      failure: { puts: 6, gets: 6 },
    },
    {
      upTo: Number.POSITIVE_INFINITY,
      checkpoint: { puts: 2.67, gets: 0.69 },
      heartbeat: { puts: 1.2, gets: 0 },
      flushed: { puts: 2, gets: 2 },
      swept: { puts: 1, gets: 0 },
      failure: { puts: 6, gets: 8 },
    },
  ],
  dynamodb: [
    {
      upTo: 500,
      checkpoint: { puts: 0.1, gets: 0, writeUnits: 15, readUnits: 5.8 },
      heartbeat: { puts: 0, gets: 0, writeUnits: 7, readUnits: 0 },
      flushed: { puts: 0, gets: 0, writeUnits: 2, readUnits: 0 },
      swept: { puts: 0, gets: 0, writeUnits: 0, readUnits: 4 },
      failure: { puts: 0, gets: 0, writeUnits: 28, readUnits: 16 },
    },
    {
      upTo: 2500,
      checkpoint: { puts: 0.15, gets: 0, writeUnits: 21.4, readUnits: 9 },
      heartbeat: { puts: 0, gets: 0, writeUnits: 9, readUnits: 0 },
      flushed: { puts: 0, gets: 0, writeUnits: 2, readUnits: 0 },
      swept: { puts: 0, gets: 0, writeUnits: 0, readUnits: 4 },
      failure: { puts: 0, gets: 0, writeUnits: 34, readUnits: 16 },
    },
    {
      upTo: Number.POSITIVE_INFINITY,
      checkpoint: { puts: 1.15, gets: 0.15, writeUnits: 12.7, readUnits: 4.1 },
      heartbeat: { puts: 0, gets: 0, writeUnits: 7.2, readUnits: 0 },
      flushed: { puts: 0, gets: 0, writeUnits: 2, readUnits: 0 },
      swept: { puts: 0, gets: 0, writeUnits: 0, readUnits: 4 },
      failure: { puts: 0, gets: 2, writeUnits: 28, readUnits: 12 },
    },
  ],
  // Every answer of Postgres and Redis holds the head, with the writes it remembers.
  postgres: [
    {
      upTo: Number.POSITIVE_INFINITY,
      checkpoint: { calls: 1.62, bytes: 67_000 },
      heartbeat: { calls: 1, bytes: 40_000 },
      flushed: { calls: 2, bytes: 530 },
      swept: { calls: 1, bytes: 260 },
      failure: { calls: 7, bytes: 240_000 },
    },
  ],
  redis: [
    {
      upTo: Number.POSITIVE_INFINITY,
      checkpoint: { calls: 1.62, bytes: 53_000 },
      heartbeat: { calls: 1, bytes: 28_500 },
      flushed: { calls: 2, bytes: 1330 },
      swept: { calls: 1, bytes: 625 },
      failure: { calls: 7, bytes: 172_000 },
    },
  ],
};

/** What a byte of a checkpoint's frame adds to the bytes on the way, and one of the chain that a resume reads. */
const BYTES_A_BYTE: Readonly<Record<Store, { frame: number; chain: number }>> = {
  object: { frame: 0, chain: 0 },
  dynamodb: { frame: 0, chain: 0 },
  postgres: { frame: 0.2, chain: 2.5 },
  redis: { frame: 1.5, chain: 3.2 },
};

/** What the store keeps of a checkpoint beside its frame: `npm run bench frames growing`. */
export const RECORD_BYTES: Readonly<Record<Store, number>> = {
  object: 405,
  dynamodb: 1234,
  postgres: 1767,
  redis: 1807,
};

/** Bytes of a checkpoint's frame, and of all that its state is made of. */
export interface Sizes {
  frame: number;
  chain: number;
}

/** What the operations take of a store whose checkpoints are of these sizes. */
export function workOf(store: Store, { frame, chain }: Sizes): OperationWork {
  const { upTo: _, checkpoint, failure, ...others } = WORK[store].find(({ upTo }) => frame <= upTo)!;
  const more = BYTES_A_BYTE[store];
  return {
    checkpoint: withBytes(checkpoint, more.frame * frame),
    failure: withBytes(failure, more.chain * chain),
    ...others,
  };
}

function withBytes(work: Work, more: number): Work {
  return work.bytes === undefined ? work : { ...work, bytes: work.bytes + more };
}
