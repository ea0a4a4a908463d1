import type { Load } from "./load.ts";
import { marginalPriceOf, type Priced, priceOf } from "./prices.ts";
import { IN_THE_TABLE, type OperationWork, type Sizes, type Store, WORK, type Work, workOf } from "./work.ts";

/** How checkpoints are made: at how many of the tasks, and what is stored of each. */
export const WAYS = {
  "every task, whole state": { adaptive: false, deltas: false },
  "every task, deltas": { adaptive: false, deltas: true },
  "adaptive, deltas": { adaptive: true, deltas: true },
} as const;
export type Way = keyof typeof WAYS;

/** Where the service runs, and what it keeps its data in. */
export const PLACES = {
  r2: { cloud: "workers", store: "object" },
  s3: { cloud: "lambda", store: "object" },
  dynamodb: { cloud: "lambda", store: "dynamodb" },
  neon: { cloud: "workers", store: "postgres" },
  upstash: { cloud: "workers", store: "redis" },
} as const satisfies Record<string, { cloud: Cloud; store: Store }>;
export type Place = keyof typeof PLACES;

type Cloud = "workers" | "lambda";

export interface Item {
  what: Priced;
  /** In the unit of the price's name. */
  amount: number;
  dollars: number;
}

export interface Bill {
  items: Item[];
  dollars: number;
}

const HOURS_A_MONTH = 730;
const SWEEPS_AN_HOUR = 60;
/** A process adds what it counted at most once in so many seconds. */
const FLUSH_SECONDS: Readonly<Record<Cloud, number>> = { workers: 3, lambda: 5 };

/** Milliseconds of CPU, measured with the service in Node; a checkpoint takes more for each byte of the state. */
const CPU_MS = { checkpoint: 1.4, wholeByte: 15.8e-6, deltaByte: 4.6e-6, heartbeat: 0.9, sweep: 0.24 };

/** What is billed, by the unit that its store's prices have. */
const BILLED: Readonly<Record<Place, Partial<Record<keyof Work, Priced>>>> = {
  r2: { puts: "r2Puts", gets: "r2Gets" },
  s3: { puts: "s3Puts", gets: "s3Gets" },
  dynamodb: {
    writeUnits: "dynamodbWrites",
    readUnits: "dynamodbReads",
    puts: "s3Puts",
    gets: "s3Gets",
  },
  neon: { bytes: "neonTransfer" },
  upstash: { calls: "upstashCommands", bytes: "upstashTransfer" },
};

/** What a month costs, in an account with nothing else in it. */
export function monthlyBill(place: Place, load: Load, way: Way): Bill {
  const { cloud, store } = PLACES[place];
  const { pipelines, heartbeatsPerHour, failuresPerDay, instances } = load;
  const times = {
    checkpoint: pipelines * checkpointsPerHour(load, way) * HOURS_A_MONTH,
    heartbeat: pipelines * heartbeatsPerHour * HOURS_A_MONTH,
    failure: (pipelines * failuresPerDay * HOURS_A_MONTH) / 24,
    swept: SWEEPS_AN_HOUR * HOURS_A_MONTH,
  };
  const requests = times.checkpoint + times.heartbeat + times.failure;
  const flushed = Math.min(requests, (instances * HOURS_A_MONTH * 3600) / FLUSH_SECONDS[cloud]);
  const work = workOf(store, sizesOf(load, way));
  const amounts = {
    ...computeOf(cloud, load, way, times),
    ...storeOf(place, sum(work, { ...times, flushed })),
    ...kept(place, load, way),
  };
  return billOf(amounts, priceOf);
}

/** What a million checkpoints cost, with their requests and their pruning, where what is included is used up. */
export function millionCheckpoints(place: Place, load: Load, way: Way): Bill {
  const { cloud, store } = PLACES[place];
  const times = { checkpoint: 1e6, heartbeat: 0, failure: 0, swept: 0 };
  const { workersPlan: _, ...compute } = computeOf(cloud, load, way, times);
  const work = workOf(store, sizesOf(load, way));
  return billOf({ ...compute, ...storeOf(place, sum(work, times)) }, marginalPriceOf);
}

/** Of one checkpoint, but for the first of a chain, which is whole. The deltas of a chain never outweigh that one. */
export function sizesOf({ stateBytes, wholeShare, deltaShare, keep }: Load, way: Way): Sizes {
  const whole = stateBytes * wholeShare;
  if (!WAYS[way].deltas) return { frame: whole, chain: whole };
  const frame = Math.min(stateBytes * deltaShare, whole);
  return { frame, chain: whole + Math.min(keep * frame, whole) };
}

function checkpointsPerHour(load: Load, way: Way): number {
  return load.checkpointsPerHour * (WAYS[way].adaptive ? load.adaptiveShare : 1);
}

type Amounts = Partial<Record<Priced, number>>;
type Times = Record<Exclude<keyof OperationWork, "flushed">, number>;

function computeOf(cloud: Cloud, load: Load, way: Way, times: Times): Amounts {
  const { checkpoint, heartbeat, failure, swept } = times;
  const calls = checkpoint + heartbeat + failure + swept;
  if (cloud === "lambda") return { lambdaRequests: calls, lambdaMs: calls * load.lambdaMs };
  const aByte = WAYS[way].deltas ? CPU_MS.deltaByte : CPU_MS.wholeByte;
  const withState = (checkpoint + failure) * (CPU_MS.checkpoint + aByte * load.stateBytes);
  const workersCpuMs = withState + heartbeat * CPU_MS.heartbeat + swept * CPU_MS.sweep;
  return { workersPlan: 1, workersRequests: calls, workersCpuMs };
}

function sum(work: OperationWork, times: Partial<Record<keyof OperationWork, number>>): Work {
  const all: Work = {};
  for (const [operation, count] of Object.entries(times) as [keyof OperationWork, number][])
    for (const [unit, amount] of Object.entries(work[operation]) as [keyof Work, number][])
      all[unit] = (all[unit] ?? 0) + amount * count;
  return all;
}

function storeOf(place: Place, work: Work): Amounts {
  const billed = Object.entries(BILLED[place]) as [keyof Work, Priced][];
  return Object.fromEntries(billed.map(([unit, price]) => [price, work[unit] ?? 0]));
}

/** What is stored, and Neon's compute, which does not sleep: the sweep comes every minute. */
function kept(place: Place, load: Load, way: Way): Amounts {
  const bytes = load.pipelines * bytesAPipeline(place, load, way);
  switch (place) {
    case "r2":
      return { r2Bytes: bytes };
    case "s3":
      return { s3Bytes: bytes };
    case "dynamodb": {
      const { frame } = sizesOf(load, way);
      const inRows = WORK.dynamodb.recordBytes + (frame <= IN_THE_TABLE ? frame : 0);
      const dynamodbBytes = load.pipelines * load.keep * inRows;
      return { dynamodbBytes, s3Bytes: bytes - dynamodbBytes };
    }
    case "neon":
      return { neonBytes: bytes, neonComputeHours: load.neonComputeUnits * HOURS_A_MONTH };
    case "upstash":
      return { upstashBytes: bytes };
  }
}

/** A chain begins anew when its deltas are together as large as its whole frame. */
function bytesAPipeline(place: Place, load: Load, way: Way): number {
  const { keep, stateBytes, wholeShare } = load;
  const each = sizesOf(load, way).frame;
  const records = keep * WORK[PLACES[place].store].recordBytes;
  if (!WAYS[way].deltas) return keep * each + records;
  const whole = stateBytes * wholeShare;
  const chains = whole > 0 ? 1 + Math.floor((keep * each) / whole) : 0;
  return chains * whole + keep * each + records;
}

function billOf(amounts: Amounts, price: (what: Priced, amount: number) => number): Bill {
  const items = (Object.entries(amounts) as [Priced, number][])
    .filter(([, amount]) => amount > 0)
    .map(([what, amount]) => ({ what, amount, dollars: price(what, amount) }));
  return { items, dollars: items.reduce((all, { dollars }) => all + dollars, 0) };
}
