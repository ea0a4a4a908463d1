import type { Settings } from "../../model/pipeline.ts";
import type { Task } from "../../model/task.ts";
import type { ResumedPipeline } from "../calls/pipeline.ts";
import { CairnClientError, CairnHttpError, invalidArgument } from "../errors.ts";
import type { Pipeline } from "../pipeline.ts";
import { type Boundaries, boundaries } from "./boundary.ts";
import { keepLease, type Lease, now } from "./lease.ts";
import { type Taken, type TakeOptions, takeLease } from "./take.ts";
import { onTermination } from "./termination.ts";

export interface RunOptions extends Settings {
  /** Who runs it; a name that no other process has. @default a random one */
  owner?: string;
  /** How long after its last sign of life it is found to be dead, 1 to 86,400. @default 60 */
  ttlSeconds?: number;
  /** How long to wait for another who runs it, seconds. @default 0 */
  waitSeconds?: number;
  /** What the platform leaves between SIGTERM and SIGKILL, for a last save. @default 10 */
  graceSeconds?: number;
  signal?: AbortSignal;
}

export interface StepFacts {
  /** 0 to 1. */
  criticality?: number;
  /** How many steps wait for its result. */
  fanOut?: number;
  /** Of the whole run after it, 0 to 1. */
  progress?: number;
}

/** What is saved of a run. */
interface Saved {
  steps: Record<string, unknown>;
  result?: unknown;
}

/** One pipeline as it is run by this process, from where the last one that ran it had got to. */
export class Run {
  readonly pipeline: Pipeline;
  /** How often it was resumed. */
  readonly attempt: number;
  /** Aborted when the lease is lost, at SIGTERM, and with the signal of the options. Give it to what you call. */
  readonly signal: AbortSignal;
  readonly #lease: Lease;
  readonly #boundaries: Boundaries;
  readonly #steps: Map<string, unknown>;
  readonly #running = new Map<string, Promise<unknown>>();
  /** Ended since the last save, oldest first. */
  #ended: Task[] = [];
  #saving: Promise<void> = Promise.resolve();

  /** Made by `Cairn.run`. */
  constructor(
    pipeline: Pipeline,
    { attempt }: Pick<ResumedPipeline, "attempt">,
    given: { lease: Lease; boundaries: Boundaries; saved: Saved | null; signal: AbortSignal },
  ) {
    this.pipeline = pipeline;
    this.attempt = attempt;
    this.signal = given.signal;
    this.#lease = given.lease;
    this.#boundaries = given.boundaries;
    this.#steps = new Map(Object.entries(given.saved?.steps ?? {}));
  }

  /** The fencing token, for writes of your own. */
  get fence(): number {
    return this.#lease.fence;
  }

  /** Whether a step of this name has ended, now or in an earlier attempt. */
  has(name: string): boolean {
    return this.#steps.has(name);
  }

  /**
   * Does a part of the work, or answers what it gave when it was done before. Names are unique in a run. Steps may run
   * side by side. After it the run decides whether what it has so far is worth a save.
   *
   * @throws what `work` throws, and the signal's reason once that is aborted
   */
  step<T>(name: string, work: (signal: AbortSignal) => T | Promise<T>, facts: StepFacts = {}): Promise<T> {
    const running = this.#running.get(name) as Promise<T> | undefined;
    if (running) return running;
    const step = this.#step(name, work, facts).finally(() => this.#running.delete(name));
    this.#running.set(name, step);
    return step;
  }

  /** Saves what the run has so far, worth it or not. */
  checkpoint(): Promise<void> {
    return this.#inTurn(() => this.#saveNow());
  }

  /** A sign of life, for platforms whose timers stand still; else there is one every third of `ttlSeconds`. */
  async heartbeat(): Promise<void> {
    await this.#lease.beat();
  }

  /** Saves the end, with what it came to. */
  async end(result: unknown): Promise<void> {
    await this.#inTurn(() => this.#saveNow(undefined, { result }));
  }

  async #step<T>(
    name: string,
    work: (signal: AbortSignal) => T | Promise<T>,
    { criticality, fanOut, progress }: StepFacts,
  ): Promise<T> {
    if (name.length < 1 || name.length > 256) throw invalidArgument("A step's name has 1 to 256 characters.");
    if (this.#steps.has(name)) return this.#steps.get(name) as T;
    this.signal.throwIfAborted();
    const began = now();
    const result = await work(this.signal);
    const task: Task = { name, seconds: now() - began };
    if (criticality !== undefined) task.criticality = criticality;
    if (fanOut !== undefined) task.fanOut = fanOut;
    this.#steps.set(name, result);
    this.#ended.push(task);
    this.signal.throwIfAborted();
    await this.#inTurn(() => this.#saveIfWorth(task, progress)).catch((error) => {
      this.signal.throwIfAborted();
      // Who does not answer now is asked again at the next boundary: the work goes on while the lease does.
      if (!isPassing(error)) throw error;
    });
    this.signal.throwIfAborted();
    return result;
  }

  #inTurn(save: () => Promise<void>): Promise<void> {
    const saved = this.#saving.then(save);
    this.#saving = saved.catch(() => {});
    return saved;
  }

  /** Of steps that end side by side, the save of one has saved the others. */
  async #saveIfWorth(task: Task, progress: number | undefined): Promise<void> {
    if (this.#ended.includes(task) && this.#boundaries.decide(task, progress).checkpoint)
      await this.#saveNow(task);
  }

  async #saveNow(task = this.#ended.at(-1), more: Partial<Saved> = {}): Promise<void> {
    const tasks = this.#ended.filter((each) => each !== task);
    if (task) tasks.push(task);
    const began = now();
    try {
      const state: Saved = { steps: Object.fromEntries(this.#steps), ...more };
      const { fence } = this;
      const told = tasks.length > 0 ? tasks : undefined;
      const { bytes } = await this.pipeline.save(state, { fence, checkpoint: "always", task: told });
      this.#lease.renewed(began);
      this.#ended = this.#ended.filter((each) => !tasks.includes(each));
      this.#boundaries.saved(bytes, now() - began, task?.name ?? null);
    } catch (error) {
      this.#lease.failed(error);
      throw error;
    }
  }
}

/**
 * Runs a pipeline: takes the lease, goes on from the recovery point, keeps the lease alive, and marks it completed or
 * failed. What a completed one came to is answered again.
 */
export async function startRun<T>(
  pipeline: Pipeline,
  {
    owner = `run-${crypto.randomUUID()}`,
    ttlSeconds = 60,
    waitSeconds = 0,
    graceSeconds = 10,
    signal,
    ...settings
  }: RunOptions,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const upSince = now();
  const taken = await take(pipeline, settings, { owner, ttlSeconds, waitSeconds, signal });
  if (!taken) return (await loadSaved(pipeline))?.result as T;
  const saved = taken.version > 0 ? await loadSaved(pipeline) : null;
  const { tasks = [] } = settings;
  const judge = boundaries({ ...taken.policy, ...settings.policy }, tasks, taken.profile, upSince);
  const lease = keepLease(pipeline, { fence: taken.fence, ttlSeconds }, ({ profile }) =>
    judge.learned(profile),
  );
  const ends = new AbortController();
  const signals = [lease.signal, ends.signal, ...(signal ? [signal] : [])];
  const run = new Run(pipeline, taken, { lease, boundaries: judge, saved, signal: AbortSignal.any(signals) });
  const forget = onTermination(graceSeconds, async (reason) => {
    ends.abort(reason);
    await run.checkpoint();
    // It runs out at once: the next sweep finds the pipeline.
    await lease.beat(1);
  });
  try {
    const result = await work(run);
    run.signal.throwIfAborted();
    await run.end(result);
    await pipeline.finish("completed", { fence: run.fence });
    return result;
  } catch (error) {
    // A run that was stopped has not failed, nor one that the service did not answer: another goes on with it.
    run.signal.throwIfAborted();
    if (!isPassing(error)) await failed(run);
    throw error;
  } finally {
    forget();
    lease.stop();
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof CairnHttpError) return error.status >= 500;
  return error instanceof CairnClientError && ["unreachable", "timeout", "bad_answer"].includes(error.code);
}

/** What it has so far is kept; the error that ended it is the one to tell. */
async function failed(run: Run): Promise<void> {
  await run.checkpoint().catch(() => {});
  await run.pipeline.finish("failed", { fence: run.fence }).catch(() => {});
}

/** Null when it was completed before. */
async function take(pipeline: Pipeline, settings: Settings, options: TakeOptions): Promise<Taken | null> {
  try {
    const taken = await takeLease(pipeline, options, settings);
    const { fence, made } = taken;
    if (!made && Object.keys(settings).length > 0) await pipeline.register(settings, { fence });
    return taken;
  } catch (error) {
    if (!(error instanceof CairnHttpError && error.code === "invalid_transition")) throw error;
    if (await isCompleted(pipeline)) return null;
    throw error;
  }
}

async function isCompleted(pipeline: Pipeline): Promise<boolean> {
  return (await pipeline.get())?.status === "completed";
}

async function loadSaved(pipeline: Pipeline): Promise<Saved | null> {
  const loaded = await pipeline.load<Saved>();
  if (!loaded) return null;
  const { steps } = (loaded.value ?? {}) as Partial<Saved>;
  if (typeof steps === "object" && steps !== null) return loaded.value;
  throw invalidArgument("The pipeline's state was not saved by a run.");
}
