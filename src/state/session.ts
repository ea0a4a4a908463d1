import { CairnError } from "../model/errors.ts";
import type { Verbs } from "../verbs/verbs.ts";
import { checkPipelineId } from "./arguments.ts";
import { asManagerError, observed } from "./operation.ts";
import type { Monitor, OperationEvent, Settings } from "./options.ts";
import { Underway } from "./underway.ts";

/**
 * What the objects of the library work through, one or several together: a store that is opened at its first use, or a
 * service.
 */
export class Session {
  readonly settings: Settings;
  readonly underway = new Underway();
  readonly #observers = new Set<Monitor["record"]>();
  #verbs: Promise<Verbs> | null = null;
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
    prepare: () => (verbs: Verbs, id: string) => Promise<T>,
    asError = asManagerError,
  ): Promise<T> {
    const prepared = () => {
      const id = checkPipelineId(pipelineId);
      const verb = prepare();
      return (verbs: Verbs) => verb(verbs, id);
    };
    return this.perform(operation, pipelineId, prepared, asError);
  }

  /** Async, so that its caller's promise is one of its own: a failure that nobody looks at stays unhandled. */
  async perform<T>(
    operation: string,
    pipelineId: string | null,
    prepare: () => (verbs: Verbs) => Promise<T>,
    asError = asManagerError,
  ): Promise<T> {
    const named = { operation, pipelineId };
    const run = async () => {
      if (this.#closing) throw new CairnError("backend_unavailable", "The manager is closed.");
      const verb = prepare();
      await this.underway.saved(pipelineId);
      const verbs = await this.#open();
      return verb(verbs).finally(() => verbs.rest());
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
  count(increments: Readonly<Record<string, number>>): void {
    this.#verbs?.then(
      (verbs) => verbs.count(increments),
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
      const verbs = await this.#verbs?.catch(() => null);
      await verbs?.close();
    }
  }

  #record(event: OperationEvent): void {
    this.settings.monitor?.record(event);
    for (const record of this.#observers) record(event);
  }

  #open(): Promise<Verbs> {
    this.#verbs ??= this.settings.open();
    return this.#verbs;
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
