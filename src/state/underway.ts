/**
 * The operations of a manager that have not ended: what `flush` and `close` wait for. Saves in the background
 * keep their order within a pipeline; a failure of one waits for `flush`, and does not stop the next.
 */
export class Underway {
  readonly #all = new Set<Promise<void>>();
  /** The last save in the background of each pipeline. */
  readonly #saves = new Map<string, Promise<void>>();
  #failures: unknown[] = [];

  /** An operation whose caller is told how it went. */
  add(operation: Promise<unknown>): void {
    this.#track(operation.then(ignore, ignore));
  }

  /** A save whose caller is not. */
  addBackground(pipelineId: string, save: Promise<unknown>): void {
    const ended = save.then(ignore, (error: unknown) => void this.#failures.push(error));
    this.#saves.set(pipelineId, ended);
    void ended.then(() => this.#saves.get(pipelineId) === ended && this.#saves.delete(pipelineId));
    this.#track(ended);
  }

  /** Resolves when the saves in the background of a pipeline (`null`: of all) that are known by now have ended. */
  async saved(pipelineId: string | null): Promise<void> {
    await (pipelineId === null ? Promise.all(this.#saves.values()) : this.#saves.get(pipelineId));
  }

  /** Resolves when all that is known by now has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#all);
  }

  /** What failed in the background since it was last asked. */
  takeFailures(): unknown[] {
    const failures = this.#failures;
    this.#failures = [];
    return failures;
  }

  #track(ended: Promise<void>): void {
    this.#all.add(ended);
    void ended.then(() => this.#all.delete(ended));
  }
}

function ignore(): void {}
