import { CairnClientError } from "../client/errors.ts";
import type { Place } from "./place.ts";

/** Another run has changed the thread since this one read it: nothing of this one is saved over that. */
export class ThreadConflictError extends CairnClientError {
  override readonly name = "ThreadConflictError";
  readonly thread: string;
  readonly namespace: string;

  constructor({ thread, namespace }: Place, options?: { cause: unknown }) {
    const where = namespace === "" ? "" : `, namespace ${JSON.stringify(namespace)},`;
    super(
      "thread_conflict",
      `Thread ${JSON.stringify(thread)}${where} was changed by another run since this one read it. Nothing was saved; ` +
        "invoke the graph again to go on from the newest checkpoint.",
      options,
    );
    this.thread = thread;
    this.namespace = namespace;
  }
}
