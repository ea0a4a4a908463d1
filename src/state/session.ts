import type { SumsKey } from "../backends/types.ts";
import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import { checkPipelineId } from "./arguments.ts";
import { type Core, createCore } from "./core.ts";
import { later } from "./later.ts";
import { asManagerError, observed } from "./operation.ts";
import type { Monitor, OperationEvent, Settings } from "./options.ts";
import { Underway } from "./underway.ts";

/** What the objects of the library work through, one or several together: a store that is opened at its first use. */
export class Session {
  readonly settings: Settings;
  readonly underway = new Underway();
  readonly #observers = new Set<Monitor["record"]>();
  #core: Promise<Core> | null = null;
  #closing: Promise<void> | null = null;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /**
   * An operation on one pipeline.
   *
   * @param prepare checks and copies what the caller gave, before the call returns
   * @param asError what a CairnError becomes for the caller
   */
  run<T>(
    operation: string,
    pipelineId: string,
    prepare: () => (core: Core, key: PipelineKey) => Promise<T>,
    asError = asManagerError,
  ): Promise<T> {
    const prepared = () => {
      const key = { tenant: this.settings.tenant, pipelineId: checkPipelineId(pipelineId) };
      const verb = prepare();
      return (core: Core) => verb(core, key);
    };
    return this.perform(operation, pipelineId, prepared, asError);
  }

  /** Async, so that its caller's promise is one of its own: a failure that nobody looks at stays unhandled. */
  async perform<T>(
    operation: string,
    pipelineId: string | null,
    prepare: () => (core: Core) => Promise<T>,
    asError = asManagerError,
  ): Promise<T> {
    const named = { operation, pipelineId };
    const run = async () => {
      if (this.#closing) throw new CairnError("backend_unavailable", "The manager is closed.");
      const verb = prepare();
      await this.underway.saved(pipelineId);
      const core = await this.#open();
      return verb(core).finally(() => {
        if (core.tally.claim()) void later().then(() => core.tally.flush());
      });
    };
    const result = observed({ record: (event) => this.#record(event) }, named, run, asError);
    this.underway.add(result);
    return result;
  }

  /** Tells of every operation from now on, when it has ended. */
  observe(record: Monitor["record"]): void {
    this.#observers.add(record);
  }

  /** Nothing where the store could not be opened: then there is nowhere to add it. */
  count(key: SumsKey, increments: Readonly<Record<string, number>>): void {
    this.#core?.then(
      ({ tally }) => tally.count(key, increments),
      () => {},
    );
  }

  /** Waits for all that was called before. @throws what the saves in the background threw since the last flush */
  async flush(): Promise<void> {
    await this.underway.ended();
    const [first, ...others] = this.underway.takeFailures();
    if (first === undefined) return;
    if (others.length === 0) throw first;
    throw asManagerError(first, new AggregateError([first, ...others], "saves failed"));
  }

  /** Flushes, and gives the store's connections back. From its call on, nothing else is taken. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      const core = await this.#core?.catch(() => null);
      await core?.tally.close();
      await core?.backend.close();
    }
  }

  #record(event: OperationEvent): void {
    this.settings.monitor?.record(event);
    for (const record of this.#observers) record(event);
  }

  #open(): Promise<Core> {
    const { open, frames } = this.settings;
    this.#core ??= open().then((backend) => createCore({ backend, frames }));
    return this.#core;
  }
}

const SESSIONS = new WeakMap<object, Session>();

/** Lets others work through the session of an object without making it public. */
export function shareSession(owner: object, session: Session): void {
  SESSIONS.set(owner, session);
}

/** The session that an object shares, or undefined. */
export function sessionOf(owner: object): Session | undefined {
  return SESSIONS.get(owner);
}
