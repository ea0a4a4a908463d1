import { StateManagerError } from "../model/errors.ts";
import { StateManager } from "./manager.ts";
import type { StateManagerOptions } from "./options.ts";
import type { StateValue } from "./values.ts";

/**
 * Save, load, list, delete; nothing to configure. Keeps its states in the folder `.cairn`, or the one given, or where
 * the options of a `StateManager` say.
 *
 * @example
 * const states = new SimpleStateManager();
 * await states.save("job", { page: 3 });
 */
export class SimpleStateManager {
  readonly #manager: StateManager;

  constructor(where: string | StateManagerOptions = ".cairn") {
    const folder = { backendType: "folder", backendConfig: { path: where } } as StateManagerOptions;
    this.#manager = new StateManager(typeof where === "string" ? folder : where);
  }

  async save(pipelineId: string, state: StateValue): Promise<void> {
    try {
      await this.#manager.savePipelineState(pipelineId, state);
    } catch (error) {
      if (!isGone(error)) throw error;
      await this.#manager.savePipelineState(pipelineId, state, { ifVersion: 0 });
    }
  }

  /** `null` when there is none. */
  async load<T = unknown>(pipelineId: string): Promise<T | null> {
    return (await this.#manager.loadPipelineState<T>(pipelineId))?.state ?? null;
  }

  /** All ids, in order. */
  async list(): Promise<string[]> {
    const ids: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await this.#manager.queryPipelines({}, { limit: 500, ...(cursor ? { cursor } : {}) });
      ids.push(...page.data.map(({ pipelineId }) => pipelineId));
      cursor = page.cursor;
    }
    return ids;
  }

  /** Whether there was one. A deleted id may be saved again. */
  async delete(pipelineId: string): Promise<boolean> {
    return this.#manager.deletePipeline(pipelineId).then(
      () => true,
      (error: unknown) => !isGone(error) && Promise.reject(error),
    );
  }
}

function isGone(error: unknown): boolean {
  return error instanceof StateManagerError && ["not_found", "pipeline_deleted"].includes(error.code);
}
