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

interface StoreWork extends Pick<OperationWork, "flushed" | "swept"> {
  /** By the bytes of a checkpoint's frame: those of `upTo` bytes, in rising order. */
  sized: readonly (Pick<OperationWork, "checkpoint" | "heartbeat" | "failure"> & { upTo: number })[];
  /** What a byte of a checkpoint's frame adds to the bytes on the way, and one of the chain that a resume reads. */
  bytesAByte: { frame: number; chain: number };
  /** What is kept of a checkpoint beside its frame: `npm run bench frames growing`. */
  recordBytes: number;
}

const ANY = Number.POSITIVE_INFINITY;
/** Of a frame on DynamoDB that is in the table; larger ones are on S3. */
export const IN_THE_TABLE = 2500;

/**
 * As counted at the stores' stand-ins, by test/cost/work.test.ts, once a head remembers its 64 last writes. Above 32 KB,
 * on DynamoDB `IN_THE_TABLE`, a frame is an object of its own. DynamoDB bills every KB of the head with every write, and every
 * answer of Postgres and Redis holds the head.
 */
export const WORK: Readonly<Record<Store, StoreWork>> = {
  object: {
    flushed: { puts: 2, gets: 2 },
    swept: { puts: 1 },
    sized: [
      {
        upTo: 500,
        checkpoint: { puts: 1.64, gets: 0.79 },
        heartbeat: { puts: 1 },
        failure: { puts: 6, gets: 6 },
      },
      {
        upTo: 32_768,
        checkpoint: { puts: 1.72, gets: 2.18 },
        heartbeat: { puts: 1 },
        failure: { puts: 6, gets: 6 },
      },
      {
        upTo: ANY,
        checkpoint: { puts: 2.67, gets: 0.69 },
        heartbeat: { puts: 1.2 },
        failure: { puts: 6, gets: 8 },
      },
    ],
    bytesAByte: { frame: 0, chain: 0 },
    recordBytes: 405,
  },
  dynamodb: {
    flushed: { writeUnits: 2 },
    swept: { readUnits: 4 },
    sized: [
      {
        upTo: 500,
        checkpoint: { puts: 0.1, writeUnits: 15, readUnits: 5.8 },
        heartbeat: { writeUnits: 7 },
        failure: { writeUnits: 28, readUnits: 16 },
      },
      {
        upTo: IN_THE_TABLE,
        checkpoint: { puts: 0.15, writeUnits: 21.4, readUnits: 9 },
        heartbeat: { writeUnits: 9 },
        failure: { writeUnits: 34, readUnits: 16 },
      },
      {
        upTo: ANY,
        checkpoint: { puts: 1.15, gets: 0.15, writeUnits: 12.7, readUnits: 4.1 },
        heartbeat: { writeUnits: 7.2 },
        failure: { gets: 2, writeUnits: 28, readUnits: 12 },
      },
    ],
    bytesAByte: { frame: 0, chain: 0 },
    recordBytes: 1234,
  },
  postgres: {
    flushed: { calls: 2, bytes: 530 },
    swept: { calls: 1, bytes: 260 },
    sized: [
      {
        upTo: ANY,
        checkpoint: { calls: 1.62, bytes: 67_000 },
        heartbeat: { calls: 1, bytes: 40_000 },
        failure: { calls: 7, bytes: 240_000 },
      },
    ],
    bytesAByte: { frame: 0.2, chain: 2.5 },
    recordBytes: 1767,
  },
  redis: {
    flushed: { calls: 2, bytes: 1330 },
    swept: { calls: 1, bytes: 625 },
    sized: [
      {
        upTo: ANY,
        checkpoint: { calls: 1.62, bytes: 53_000 },
        heartbeat: { calls: 1, bytes: 28_500 },
        failure: { calls: 7, bytes: 172_000 },
      },
    ],
    bytesAByte: { frame: 1.5, chain: 3.2 },
    recordBytes: 1807,
  },
};

/** Bytes of a checkpoint's frame, and of all that its state is made of. */
export interface Sizes {
  frame: number;
  chain: number;
}

/** What the operations take of a store whose checkpoints are of these sizes. */
export function workOf(store: Store, { frame, chain }: Sizes): OperationWork {
  const { flushed, swept, sized, bytesAByte } = WORK[store];
  const { checkpoint, heartbeat, failure } = sized.find(({ upTo }) => frame <= upTo)!;
  return {
    checkpoint: withBytes(checkpoint, bytesAByte.frame * frame),
    failure: withBytes(failure, bytesAByte.chain * chain),
    ...{ heartbeat, flushed, swept },
  };
}

function withBytes(work: Work, more: number): Work {
  return work.bytes === undefined ? work : { ...work, bytes: work.bytes + more };
}
