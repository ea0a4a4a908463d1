import { memoryBackend } from "../../src/backends/memory.ts";
import { createCore } from "../../src/state/core.ts";
import { bytesOfFrames, type Cost, checkpointsOf, GROWN_STORES, grown, KEY, saveStep } from "./grown.ts";
import { figure, meanOf, type Report, sumOf } from "./report.ts";
import { GZIP_MORE, growingSteps } from "./states.ts";
import { wire } from "./wire.ts";

/** A pipeline of 100 tasks, its state checkpointed after each: stored, sent to the store, sent by the SDK. */
export async function growing(report: Report): Promise<void> {
  await stored(report);
  for (const name of GROWN_STORES) await atTheStore(report, name);
  await wire(report);
}

async function stored(report: Report): Promise<void> {
  const steps = await growingSteps();
  const last = steps.at(-1)!;
  const limit = 1.5 * (last.deflated + GZIP_MORE) + 1024 * steps.length;
  const whole = sumOf(steps.map(({ deflated }) => deflated + GZIP_MORE));
  const peer = `gzip of every version: ${figure(whole)}`;
  const add = (what: string, value: number) =>
    report.add({ what: `stored: ${what}`, value, unit: "bytes", limit, peer });
  const core = createCore({ backend: memoryBackend() });
  for (const [version, step] of steps.entries()) await saveStep(core, KEY, version, step);
  const checkpoints = await checkpointsOf(core, KEY);
  const { head } = (await core.backend.load(KEY))!;
  const frames = bytesOfFrames(checkpoints);
  add("all frames", frames);
  add("memory, with head and checkpoints as JSON", frames + JSON.stringify([head, checkpoints]).length);
  for (const name of GROWN_STORES) add(`${name}, all that it holds`, await (await grown(name)).line.atRest());
}

const LATE_LIMIT = 1.3;

/** The first save is the whole state: the first ten are those after it. */
async function atTheStore(report: Report, name: string): Promise<void> {
  const { costs } = await grown(name);
  const steps = await growingSteps();
  const [first, last] = [costs.slice(1, 11), costs.slice(-10)];
  const whole = steps.slice(-10).map(({ deflated }) => deflated);
  const of = (which: Cost[], what: keyof Cost) => meanOf(which.map((cost) => cost[what]));
  const add = (what: string, key: keyof Cost, limit: number | undefined, more = "") => {
    const [early, late] = [of(first, key), of(last, key)];
    const figures = `${figure(early)} → ${figure(late)} a save${more}`;
    report.add({
      what: `${name}: ${what}, last ten : first ten`,
      value: late / early,
      ...(limit === undefined ? {} : { limit }),
      peer: figures,
    });
  };
  add("requests", "requests", LATE_LIMIT);
  add("bytes sent", "sent", LATE_LIMIT, `; every version whole: ${figure(meanOf(whole))}`);
  add("bytes read", "received", undefined);
  add("CPU ms of service and driver", "ms", undefined);
}
