import { fileURLToPath } from "node:url";
import type { Kill } from "./account.ts";
import { type Child, startChild } from "./children.ts";
import type { Entry } from "./journal.ts";
import type { Strike } from "./plan.ts";
import { type Service, startService } from "./service.ts";
import { tasks } from "./stages.ts";

/** One pipeline to run. */
export interface Job {
  url: string;
  id: string;
  journal: string;
  paceMs: number;
}

export interface Outage {
  at: number;
  endedAt: number;
}

/** What happened to a run. Times are epoch milliseconds. */
export interface Course {
  kills: Kill[];
  outages: Outage[];
  /** Strikes that found nothing left to hit. */
  missed: Strike[];
}

/** Told of everything as it happens. */
export interface Watcher {
  entry(entry: Entry): void;
  killed(worker: string): void;
  serviceKilled(): void;
  serviceBack(milliseconds: number): void;
}

/** Where the service is, and who brings it back. */
export interface Ground {
  service: Service;
  folder: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** A process that runs a pipeline from where it is to its end. */
export function startWorker({ url, id, journal, paceMs }: Job, worker: string): Child {
  const options = { url, id, journal, worker, pace: String(paceMs) };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return startChild(["demo/pipeline.ts", ...args], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

/** Runs a pipeline from beginning to end, undisturbed. @throws Error with what it said when it fails */
export async function runUndisturbed(job: Job): Promise<void> {
  const child = startWorker(job, "undisturbed");
  if ((await child.ended) !== 0) throw new Error(child.errors());
}

/**
 * Runs a pipeline under strikes: one process after the other, each going on from what Cairn has, until one
 * comes to the end.
 *
 * @throws Error when a process ends by itself without having come to the end, or the service does not come back
 */
export async function runUnderFire(
  job: Job,
  strikes: readonly Strike[],
  ground: Ground,
  watcher: Watcher,
): Promise<Course> {
  const course: Course = { kills: [], outages: [], missed: [...strikes] };
  const broken = Promise.withResolvers<never>();
  let repaired = Promise.resolve();
  const hitService = () => {
    repaired = restart(ground, watcher).then((outage) => void course.outages.push(outage), broken.reject);
  };
  for (let attempt = 1; ; attempt++) {
    const worker = `worker-${attempt}`;
    const child = startWorker(job, worker);
    const hitPipeline = () => {
      course.kills.push({ worker, at: Date.now() });
      child.kill();
      watcher.killed(worker);
    };
    aim(child, course.missed, { service: hitService, pipeline: hitPipeline }, watcher);
    const outcome = await Promise.race([child.ended, broken.promise]);
    if (outcome === 0) break;
    if (course.kills.at(-1)?.worker !== worker)
      throw new Error(`${worker} ended (${outcome}): ${child.errors()}`);
  }
  await Promise.race([repaired, broken.promise]);
  return course;
}

/** Has the strikes fall, each at its moment, for as long as this process is the one that runs. */
function aim(
  child: Child,
  strikes: Strike[],
  hit: Record<Strike["target"], () => void>,
  watcher: Watcher,
): void {
  child.process.on("message", (message) => {
    const entry = message as Entry;
    watcher.entry(entry);
    const strike = strikes[0];
    if (!strike || !child.isAlive() || !isMoment(strike, entry)) return;
    strikes.shift();
    setTimeout(() => {
      if (child.isAlive()) hit[strike.target]();
      else strikes.unshift(strike);
    }, strike.delayMs);
  });
}

function isMoment({ moment, task }: Strike, entry: Entry): boolean {
  if (moment === "resume") return entry.did === "resumed";
  const begun = moment === "task" ? "started" : "saves";
  return entry.did === begun && tasks.findIndex(({ name }) => name === entry.task) >= task;
}

async function restart(ground: Ground, watcher: Watcher): Promise<Outage> {
  const at = Date.now();
  watcher.serviceKilled();
  await ground.service.kill();
  ground.service = await startService(ground.folder, Number(new URL(ground.service.url).port));
  const endedAt = Date.now();
  watcher.serviceBack(endedAt - at);
  return { at, endedAt };
}
