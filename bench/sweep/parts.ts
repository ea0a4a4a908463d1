import { DUE, type Few, fewAmong } from "./few.ts";
import { overlapping } from "./overlapping.ts";
import { stopped } from "./stopped.ts";
import type { Store, StoreName } from "./stores.ts";

/** One figure; held when it is within its limit, if it has one. */
export interface Line {
  what: string;
  is: number;
  limit?: ["=" | "≤", number];
}

interface Part {
  stores: readonly StoreName[];
  /** @param share of the full size, up to 1 */
  run(store: Store, share: number): Promise<Line[]>;
}

const SERVERS = ["postgres", "redis", "dynamodb", "s3"] as const;

export const PARTS: Readonly<Record<"together" | "few" | "stopped", Part>> = {
  together: { stores: SERVERS, run: together },
  few: { stores: SERVERS, run: few },
  stopped: { stores: ["postgres", "redis", "dynamodb", "s3", "folder"], run: stoppedHolders },
};

const [PROCESSES, KILLS] = [8, 20];

async function together(store: Store, share: number): Promise<Line[]> {
  const [expired, healthy] = [10_000 * share, 10_000 * share];
  const found = await overlapping(store, { expired, healthy, processes: PROCESSES, kills: KILLS });
  for (const problem of found.problems) console.error(problem);
  return [
    { what: `expired, interrupted once (${PROCESSES} sweepers)`, is: found.once, limit: ["=", expired] },
    { what: "healthy, as they were", is: found.untouched, limit: ["=", healthy] },
    { what: "sweepers killed and replaced", is: found.kills, limit: ["=", KILLS] },
    { what: "messages to owners, repeated ones too", is: found.messages },
    { what: "listed as due, repeated ones too", is: found.listed },
    { what: "records or markers that were due", is: found.due },
    { what: "read to list one of them", is: found.read / found.due, limit: ["≤", 2] },
    { what: "read of times to come, for one look", is: found.toComePerLook },
    { what: "seconds to make them all", is: found.fillSeconds },
    { what: "seconds until the last owner was told", is: found.seconds },
    { what: "milliseconds of a sweeper per due", is: found.secondsPerDue * 1000 },
    { what: "store calls per due", is: found.callsPerDue },
  ];
}

const AMOUNTS: Partial<Record<StoreName, readonly number[]>> = { postgres: [1000, 1_000_000] };
const FEWER = [1000, 20_000];

async function few(store: Store, share: number): Promise<Line[]> {
  const amounts = AMOUNTS[store.spec.type] ?? FEWER;
  const [small, large] = await fewAmong(store, [amounts[0]!, Math.max(2000, amounts[1]! * share)]);
  const lines = (at: Few): Line[] => [
    { what: `store calls, ${DUE} due among ${at.among}`, is: at.calls },
    { what: `${store.unit}, ${DUE} due among ${at.among}`, is: at.work },
    { what: `read to list ${DUE} due among ${at.among}`, is: at.read, limit: ["≤", 2 * DUE] },
    { what: `milliseconds, ${DUE} due among ${at.among}`, is: at.seconds * 1000 },
  ];
  return [
    ...lines(small!),
    ...lines(large!),
    { what: "ratio of the calls", is: large!.calls / small!.calls, limit: ["≤", 1.1] },
    { what: `ratio of the ${store.unit}`, is: large!.work / small!.work, limit: ["≤", 1.5] },
    { what: "ratio of the time", is: large!.seconds / small!.seconds },
  ];
}

async function stoppedHolders(store: Store, share: number): Promise<Line[]> {
  const trials = 200 * share;
  const found = await stopped(store, trials);
  const control = await stopped(store, trials, true);
  return [
    { what: "late writes refused with fence_lost", is: found.refused, limit: ["=", trials] },
    { what: "pipelines that a late write changed", is: found.changed, limit: ["=", 0] },
    { what: "writes stopped half-way, and refused", is: found.caught },
    { what: "pipelines that another had taken over", is: found.takenOver },
    { what: "control, no fence: late writes accepted", is: control.accepted, limit: ["=", trials] },
  ];
}
