import { expect, test } from "vitest";
import { DEFAULTS, type Load } from "../../src/cost/load.ts";
import { millionCheckpoints, monthlyBill, sizesOf } from "../../src/cost/model.ts";
import { marginalPriceOf, priceOf } from "../../src/cost/prices.ts";

/** Small, and nothing but checkpoints: what is told below was computed by hand. */
const load: Load = {
  ...DEFAULTS,
  pipelines: 10,
  checkpointsPerHour: 6,
  stateBytes: 1000,
  heartbeatsPerHour: 0,
  failuresPerDay: 0,
};

const itemsOf = (bill: ReturnType<typeof monthlyBill>) =>
  Object.fromEntries(bill.items.map(({ what, amount, dollars }) => [what, [amount, dollars]]));

test("what is included costs nothing, and of R2 what is begun is paid whole", () => {
  expect(priceOf("workersRequests", 10_000_000)).toBe(0);
  // 5 million more at 0.30.
  expect(priceOf("workersRequests", 15_000_000)).toBeCloseTo(1.5, 10);
  // 1 of the second million: 4.50.
  expect(priceOf("r2Puts", 1_000_001)).toBe(4.5);
  expect(marginalPriceOf("r2Puts", 1_000_000)).toBe(4.5);
});

test("a million checkpoints on R2", () => {
  // Deltas of 1,000 × 0.00196 = 1.96 bytes: 1.64 puts at 4.50, 0.79 gets at 0.36, a request at 0.30 the million,
  // and 1.4 + 1,000 × 0.0000046 = 1.4046 ms at 0.02: 7.38 + 0.2844 + 0.3 + 0.028092.
  expect(millionCheckpoints("r2", load, "every task, deltas").dollars).toBeCloseTo(7.992492, 6);
});

test("a month on S3", () => {
  // 10 × 6 × 730 = 43,800 checkpoints, as many sweeps, and as many times counters, for that is fewer than one in 5 s.
  const bill = monthlyBill("s3", load, "every task, deltas");
  // Each 1.64 + 1 + 2 puts at 0.000005, and 0.79 + 0 + 2 gets at 0.0000004.
  expect(itemsOf(bill)).toMatchObject({
    s3Puts: [expect.closeTo(203_232, 6), expect.closeTo(1.01616, 8)],
    s3Gets: [expect.closeTo(122_202, 6), expect.closeTo(0.0488808, 8)],
    // One chain: a whole frame of 204 bytes and deltas of 196, and 100 records of 405. Ten times.
    s3Bytes: [expect.closeTo(409_000, 6), expect.closeTo(9.407e-6, 9)],
    // 87,600 calls are less than the million that is included.
    lambdaRequests: [87_600, 0],
    lambdaMs: [4_380_000, 0],
  });
  expect(bill.dollars).toBeCloseTo(1.01616 + 0.0488808 + 0.000009407, 8);
});

test("a month on DynamoDB: frames above 2.5 KB are on S3, records never", () => {
  // Whole: 100,000 × 0.204 = 20,400 bytes each, aside. 43,800 × (12.7 + 2) units written at 0.000000625.
  const bill = monthlyBill("dynamodb", { ...load, stateBytes: 100_000 }, "every task, whole state");
  expect(itemsOf(bill)).toMatchObject({
    dynamodbWrites: [expect.closeTo(643_860, 6), expect.closeTo(0.4024125, 8)],
    // 43,800 × (4.1 + 4).
    dynamodbReads: [expect.closeTo(354_780, 6), expect.closeTo(0.0443475, 8)],
    dynamodbBytes: [1_234_000, expect.closeTo(0.0003085, 9)],
    s3Bytes: [20_400_000, expect.closeTo(0.0004692, 9)],
  });
  // Of 1,000 bytes the deltas, 1.96 each, are in the table, and their chain's whole frame of 204 is not.
  expect(itemsOf(monthlyBill("dynamodb", load, "every task, deltas"))).toMatchObject({
    dynamodbBytes: [expect.closeTo(1_235_960, 6), expect.closeTo(0.00030899, 9)],
    s3Bytes: [expect.closeTo(2040, 6), expect.closeTo(4.692e-8, 12)],
  });
});

test("Neon never sleeps, for the sweep comes every minute; Upstash is paid by the script", () => {
  // 0.25 × 730 hours at 0.106.
  expect(itemsOf(monthlyBill("neon", load, "adaptive, deltas"))).toMatchObject({
    neonComputeHours: [182.5, expect.closeTo(19.345, 8)],
  });
  // 43,800 × (1.62 + 1 + 2) at 0.000002.
  expect(itemsOf(monthlyBill("upstash", load, "every task, deltas"))).toMatchObject({
    upstashCommands: [expect.closeTo(202_356, 6), expect.closeTo(0.404712, 8)],
  });
});

test("counters are added as often as there are requests, and no more often than processes do", () => {
  const many = { ...load, heartbeatsPerHour: 1e6, checkpointsPerHour: 0 };
  const puts = (instances: number) =>
    itemsOf(monthlyBill("s3", { ...many, instances }, "every task, deltas")).s3Puts![0]!;
  // In one more process one in 5 s, 525,600, of two puts.
  expect(puts(2) - puts(1)).toBeCloseTo(1_051_200, 3);
});

test("adaptive checkpoints are a share of those of every task, and each has a request", () => {
  const requests = (way: Parameters<typeof monthlyBill>[2]) =>
    itemsOf(monthlyBill("r2", { ...load, adaptiveShare: 0.5 }, way)).workersRequests![0];
  expect(requests("every task, deltas")).toBe(43_800 + 43_800);
  expect(requests("adaptive, deltas")).toBe(21_900 + 43_800);
});

test("a delta is never taken for more than the whole, nor a chain for more than twice that", () => {
  const huge = sizesOf({ ...load, deltaShare: 1, wholeShare: 0.2 }, "every task, deltas");
  expect(huge).toEqual({ frame: 200, chain: 400 });
});
