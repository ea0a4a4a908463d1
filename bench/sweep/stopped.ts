import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { claim } from "../../src/recovery/claims.ts";
import { sweep } from "../../src/recovery/sweep/sweep.ts";
import { createCore } from "../../src/state/core.ts";
import { fill, keyOf, TENANT } from "./fill.ts";
import { kill } from "./kill.ts";
import type { Store } from "./stores.ts";

export interface Stopped {
  /** Pipelines whose holder was stopped, and wrote when it woke. */
  trials: number;
  /** Of the first write of each that reached the store after that: those refused with `fence_lost`, and those accepted. */
  refused: number;
  accepted: number;
  /** Pipelines that are at another version than when their holder woke, whoever was told what. */
  changed: number;
  /** Writes that were under way when the holder was stopped, and were refused when it woke. */
  caught: number;
  /** Pipelines that another holds by then; the rest are interrupted. */
  takenOver: number;
}

interface News {
  n: number;
  begunAt: number;
  /** Null: accepted. */
  code: string | null;
}

const HOLDER = fileURLToPath(new URL("../workers/holder.ts", import.meta.url));
const TTL_SECONDS = 2;
const PATIENCE_SECONDS = 120;
const PASSING = ["backend_unavailable", "outcome_unknown"];

/**
 * A process holds leases and writes; it is stopped until they have run out, the sweep has interrupted them all, and
 * half of them have gone to another; and then it goes on where it was.
 *
 * @param fenceless the holder's writes take whatever fence they find: the control, in which all must be accepted
 */
export async function stopped(store: Store, trials: number, fenceless = false): Promise<Stopped> {
  const prefix = fenceless ? "control" : "held";
  await fill(store, { prefix, count: trials, ttlSeconds: TTL_SECONDS });
  const news: News[] = [];
  const holder = fork(HOLDER, [JSON.stringify({ spec: store.spec, prefix, count: trials, fenceless })]);
  holder.on("message", (each: News) => news.push(each));
  try {
    await until(() => new Set(news.filter(({ code }) => code === null).map(({ n }) => n)).size === trials);
    holder.kill("SIGSTOP");
    const takenOver = await takeAway(store, prefix, trials);
    const before = await versions(store, prefix, trials);
    const heard = news.length;
    const wokenAt = Date.now();
    holder.kill("SIGCONT");
    // One that was begun before, and accepted, may have come in time; another of that pipeline follows.
    const isLate = ({ begunAt, code }: News) => begunAt >= wokenAt || code !== null;
    const late = () => firstOfEach(news.slice(heard).filter(isLate));
    await until(() => late().size === trials);
    await kill(holder);
    const after = await versions(store, prefix, trials);
    const codes = [...late().values()];
    return {
      trials,
      refused: codes.filter((code) => code === "fence_lost").length,
      accepted: codes.filter((code) => code === null).length,
      changed: after.filter((version, n) => version !== before[n]).length,
      caught: news.slice(heard).filter(({ begunAt, code }) => begunAt < wokenAt && code !== null).length,
      takenOver,
    };
  } finally {
    await kill(holder);
  }
}

/** By pipeline: the first answer that settles it. */
function firstOfEach(news: readonly News[]): Map<number, string | null> {
  const first = new Map<number, string | null>();
  for (const { n, code } of news)
    if (!first.has(n) && !(code !== null && PASSING.includes(code))) first.set(n, code);
  return first;
}

/** Sweeps until all are interrupted. Resolves with how many another took over. */
async function takeAway({ backend }: Store, prefix: string, trials: number): Promise<number> {
  const core = createCore({ backend });
  await sleep((TTL_SECONDS + backend.capabilities.clockSlackSeconds) * 1000 + 500);
  let interrupted = 0;
  await until(async () => {
    interrupted += (await sweep(core)).interrupted;
    return interrupted >= trials;
  });
  const taken = await claim(core, TENANT, { owner: "another", ttlSeconds: 600, limit: trials / 2 });
  return taken.filter(({ pipelineId }) => pipelineId.startsWith(prefix)).length;
}

function versions({ backend }: Store, prefix: string, trials: number): Promise<number[]> {
  const version = async (n: number) => (await backend.load(keyOf(prefix, n)))!.head.version;
  return Promise.all(Array.from({ length: trials }, (_, n) => version(n)));
}

/** @throws Error when it takes too long */
async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_SECONDS * 1000;
  while (!(await done())) {
    if (Date.now() > end) throw new Error("the holder, or the sweep, does not get on");
    await sleep(20);
  }
}
