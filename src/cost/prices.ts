/** What a provider asks, in US dollars. Of AWS: us-east-1, on demand, the first tier. */
export interface Price {
  dollars: number;
  /** For so many. */
  per: number;
  /** So many a month cost nothing, for as long as one has the account or the plan. @default 0 */
  included?: number;
  /** What is begun is paid whole. @default false */
  whole?: boolean;
  source: keyof typeof SOURCES;
}

/** The price lists, and the day that their figures are of; `null`: taken over from others, who give no day. */
export const SOURCES = {
  workers: { url: "https://developers.cloudflare.com/workers/platform/pricing/", asOf: "2026-08-03" },
  r2: { url: "https://developers.cloudflare.com/r2/pricing/", asOf: "2026-08-03" },
  lambda: { url: "https://aws.amazon.com/lambda/pricing/", asOf: "2026-05-11" },
  s3: { url: "https://aws.amazon.com/s3/pricing/", asOf: null },
  dynamodb: { url: "https://aws.amazon.com/dynamodb/pricing/on-demand/", asOf: null },
  neon: { url: "https://neon.com/docs/introduction/plans", asOf: "2026-11-12" },
  upstash: { url: "https://upstash.com/pricing/redis", asOf: "2026-11-09" },
} as const satisfies Record<string, { url: string; asOf: string | null }>;

const [MILLION, GB] = [1e6, 1e9];

export const PRICES = {
  workersPlan: { dollars: 5, per: 1, source: "workers" },
  workersRequests: { dollars: 0.3, per: MILLION, included: 10 * MILLION, source: "workers" },
  workersCpuMs: { dollars: 0.02, per: MILLION, included: 30 * MILLION, source: "workers" },
  /** Class A: put, list. */
  r2Puts: { dollars: 4.5, per: MILLION, included: MILLION, whole: true, source: "r2" },
  /** Class B: get, head. Deletes are free. */
  r2Gets: { dollars: 0.36, per: MILLION, included: 10 * MILLION, whole: true, source: "r2" },
  r2Bytes: { dollars: 0.015, per: GB, included: 10 * GB, whole: true, source: "r2" },
  lambdaRequests: { dollars: 0.2, per: MILLION, included: MILLION, source: "lambda" },
  /** On Arm, for 1 GB of memory. */
  lambdaMs: { dollars: 0.0000133334, per: 1000, included: 400_000 * 1000, source: "lambda" },
  s3Puts: { dollars: 0.005, per: 1000, source: "s3" },
  s3Gets: { dollars: 0.0004, per: 1000, source: "s3" },
  s3Bytes: { dollars: 0.023, per: GB, source: "s3" },
  dynamodbWrites: { dollars: 0.625, per: MILLION, source: "dynamodb" },
  dynamodbReads: { dollars: 0.125, per: MILLION, source: "dynamodb" },
  dynamodbBytes: { dollars: 0.25, per: GB, source: "dynamodb" },
  /** Of the plan Launch. */
  neonComputeHours: { dollars: 0.106, per: 1, source: "neon" },
  neonBytes: { dollars: 0.35, per: GB, source: "neon" },
  neonTransfer: { dollars: 0.1, per: GB, included: 100 * GB, source: "neon" },
  /** Pay as you go. That a script is one command is read out of what Upstash writes about EVAL, not stated there. */
  upstashCommands: { dollars: 0.2, per: 100_000, source: "upstash" },
  upstashBytes: { dollars: 0.25, per: GB, included: GB, source: "upstash" },
  upstashTransfer: { dollars: 0.03, per: GB, included: 200 * GB, source: "upstash" },
} as const satisfies Record<string, Price>;

export type Priced = keyof typeof PRICES;

/** Dollars for so many in a month, in an account with nothing else. */
export function priceOf(name: Priced, amount: number): number {
  const { dollars, per, included = 0, whole = false }: Price = PRICES[name];
  const units = Math.max(0, amount - included) / per;
  return dollars * (whole ? Math.ceil(units) : units);
}

/** Dollars for so many more, where what is included is used up. */
export function marginalPriceOf(name: Priced, amount: number): number {
  const { dollars, per }: Price = PRICES[name];
  return (dollars * amount) / per;
}
