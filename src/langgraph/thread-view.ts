import { type Cairn, CairnHttpError, type Pipeline } from "../client/index.ts";
import type { Retention } from "../model/pipeline.ts";
import { ThreadConflictError } from "./conflict.ts";
import {
  DOCUMENT_TYPE,
  earlyWrites,
  emptyDocument,
  encodeDocument,
  type KeptCheckpoint,
  type KeptWrite,
  type ThreadDocument,
  withCheckpoint,
  withWrites,
} from "./document.ts";
import type { Place } from "./place.ts";
import { type Read, readCheckpoint, readLatest, register } from "./service.ts";

export type Change = Put | Writes;

interface Put {
  put: Omit<KeptCheckpoint, "writes">;
  /** It goes on from a checkpoint that need not be the latest, whatever became of that. */
  copies: boolean;
}

interface Writes {
  writes: KeptWrite[];
  /** The id of their checkpoint. */
  of: string;
}

interface Job {
  change: Change;
  resolve(): void;
  reject(reason: unknown): void;
}

export interface ViewOptions {
  cairn: Cairn;
  retention: Retention;
  /** Nobody's in particular: who changes something may not have read it through this view. */
  shared: boolean;
}

/**
 * A place as a run has read and changed it. Every save is made only over the version that is known here, so that
 * of two runs that read the same one goes on, and the other gets `ThreadConflictError`. Changes are made in their
 * order, those that wait together in one save where that can be.
 */
export class ThreadView {
  readonly place: Place;
  readonly pipeline: Pipeline;
  readonly #options: ViewOptions;
  readonly #waiting: Job[] = [];
  /** Checkpoints that were the latest here, and are not any more. */
  readonly #passed = new Set<string>();
  #known: Read | null = null;
  #isStale = false;
  #turn: Promise<unknown> = Promise.resolve();
  #isWorking = false;

  constructor(place: Place, pipeline: Pipeline, options: ViewOptions) {
    this.place = place;
    this.pipeline = pipeline;
    this.#options = options;
  }

  /** Reads it anew, after the changes that are under way. @returns the document of its latest version */
  read(): Promise<ThreadDocument | null> {
    return this.#inTurn(async () => (await this.#read()).document);
  }

  /** A run may go on from an older checkpoint that it names. */
  name(id: string): void {
    this.#passed.delete(id);
  }

  /** @throws ThreadConflictError, and what a save throws */
  change(change: Change): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      if (this.#isWorking) return;
      this.#isWorking = true;
      void this.#inTurn(() => this.#work());
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => {});
    return result;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const jobs = [await this.#first()];
      try {
        const known = await this.#knownFor(jobs[0]!.change);
        let document = await this.#changed(known, jobs[0]!.change);
        for (; isFor(document, this.#waiting[0]); jobs.push(this.#waiting.shift()!)) {
          const { writes, of } = this.#waiting[0]!.change;
          document = withWrites(document, of, writes);
        }
        if (document !== known.document) await this.#save(known, document);
        for (const job of jobs) job.resolve();
      } catch (error) {
        for (const job of jobs) job.reject(error);
      }
    }
    this.#isWorking = false;
  }

  /** The job that is next. Writes may come a moment before their checkpoint does: then that goes first. */
  async #first(): Promise<Job> {
    const { change } = this.#waiting[0]!;
    const tip = this.#known?.document?.tip;
    if ("of" in change && change.of !== tip) await new Promise((resolve) => setTimeout(resolve));
    const isAwaited = (job: Job) => "put" in job.change && "of" in change && job.change.put.id === change.of;
    const [job] = this.#waiting.splice(Math.max(0, this.#waiting.findIndex(isAwaited)), 1);
    return job!;
  }

  /** A shared view may be behind what the caller goes on from. */
  async #knownFor(change: Change): Promise<Read> {
    const goesOnFrom = "of" in change ? change.of : change.copies ? undefined : change.put.parent;
    const isBehind = this.#isStale || (this.#known?.document?.tip ?? null) !== goesOnFrom;
    return this.#known && !(this.#options.shared && isBehind) ? this.#known : this.#read();
  }

  async #read(): Promise<Read> {
    const read = await readLatest(this.pipeline);
    this.#pass(read.document);
    this.#known = read;
    this.#isStale = false;
    return read;
  }

  async #changed({ document }: Read, change: Change): Promise<ThreadDocument> {
    const known = document ?? emptyDocument(this.place);
    if ("put" in change) {
      const { parent } = change.put;
      if (parent !== null && this.#passed.has(parent) && !change.copies)
        throw new ThreadConflictError(this.place);
      return withCheckpoint(known, change.put);
    }
    const { of, writes } = change;
    if (known.at?.id === of || earlyWrites(known, of)) return withWrites(known, of, writes);
    const older = await readCheckpoint(this.#options.cairn, this.pipeline.id, of);
    return withWrites(older ? { ...known, at: older.at } : known, of, writes);
  }

  async #save({ version }: Read, document: ThreadDocument): Promise<void> {
    const { retention } = this.#options;
    if (version === null) await register(this.pipeline, this.place, retention);
    try {
      const saved = await this.pipeline.saveBytes(encodeDocument(document), {
        contentType: DOCUMENT_TYPE,
        ...(version === null ? { ifNoneMatch: "*" } : { ifMatch: version }),
        ...(document.at ? { checkpoint: "always", label: document.at.id } : {}),
      });
      this.#pass(document);
      this.#known = { version: saved.version, document };
    } catch (error) {
      this.#isStale = true;
      const isConflict = error instanceof CairnHttpError && error.status === 412;
      throw isConflict ? new ThreadConflictError(this.place, { cause: error }) : error;
    }
  }

  #pass(next: ThreadDocument | null): void {
    const tip = this.#known?.document?.tip;
    if (tip && tip !== next?.tip) this.#passed.add(tip);
  }
}

/** Writes that the same save can hold. */
function isFor(document: ThreadDocument, job: Job | undefined): job is Job & { change: Writes } {
  return job !== undefined && "of" in job.change && job.change.of === document.at?.id;
}
