import { CairnError, RecoveryError } from "../model/errors.ts";
import { present } from "../model/present.ts";
import {
  checkCheckpointId,
  checked,
  checkPipelineId,
  ForkArgument,
  RecoverArgument,
  RollbackArgument,
} from "../state/arguments.ts";
import type { Caller } from "../state/core.ts";
import type { StateManager } from "../state/manager.ts";
import { parseOptions, type StateManagerOptions } from "../state/options.ts";
import { Session, sessionOf } from "../state/session.ts";
import { verifyCheckpoint } from "../state/verify.ts";
import { detectInterrupted, type InterruptedPipeline } from "./detect.ts";
import { exportPipeline } from "./export/export.ts";
import { type Imported, importPipeline } from "./export/import.ts";
import { type Forked, fork } from "./fork.ts";
import { type Restored, recover, rollback } from "./rollback.ts";

export interface RecoverOptions extends Caller {
  /** @default the newest checkpoint of the state that verifies */
  checkpointId?: string;
  /** JSON Pointers: only these parts, into the state as it is. */
  select?: readonly string[];
}

export interface RollbackOptions extends Caller {
  /** Either this one, or so many steps back. */
  checkpointId?: string;
  /** @default 1 */
  steps?: number;
}

export interface RecoveredPipeline extends Omit<Restored, "replayed"> {
  pipelineId: string;
}

export interface ForkOptions {
  /** @default the newest checkpoint of the state that verifies, else the state */
  checkpointId?: string;
  idempotencyKey?: string;
}

export type ForkedPipeline = Omit<Forked, "replayed">;

/** A manager whose store and tenant are used, or the options of one of its own. */
export type StateRecoveryOptions =
  | { manager: StateManager }
  | (StateManagerOptions & { manager?: undefined });

/**
 * Finds interrupted pipelines and brings their state back, in this process: the same code as the service. Errors are
 * `RecoveryError` with the codes of the HTTP contract.
 *
 * @example
 * const recovery = new StateRecovery({ manager });
 * for (const { pipelineId } of await recovery.detectInterruptedPipelines())
 *   await recovery.recoverPipeline(pipelineId);
 */
export class StateRecovery {
  readonly #session: Session;
  readonly #owned: boolean;

  constructor(options: StateRecoveryOptions = {}) {
    const { manager, ...own } = options;
    const shared = manager && sessionOf(manager);
    this.#owned = shared === undefined;
    this.#session = shared ?? new Session(parsed(manager === undefined ? own : options));
  }

  /** The pipelines of this tenant that are interrupted, or whose lease ran out. Changes nothing. */
  detectInterruptedPipelines(): Promise<InterruptedPipeline[]> {
    const { tenant } = this.#session.settings;
    const detect = () => (core: Parameters<typeof detectInterrupted>[0]) => detectInterrupted(core, tenant);
    return this.#session.perform("detectInterrupted", null, detect, asRecoveryError);
  }

  /** Reads and hashes every frame that a checkpoint is made of. */
  validateCheckpoint(
    pipelineId: string,
    checkpointId: string,
  ): Promise<{ valid: boolean; problems: string[] }> {
    const prepare = () => {
      const id = checkCheckpointId(checkpointId);
      return (...on: Target) => verifyCheckpoint(...on, id);
    };
    return this.#session.run("validateCheckpoint", pipelineId, prepare, asRecoveryError);
  }

  /**
   * Sets the state to the newest checkpoint that verifies, or to the one named, as a new version; what does not
   * verify on the way is quarantined. @throws RecoveryError `unrecoverable` when none verifies
   */
  recoverPipeline(pipelineId: string, options: RecoverOptions = {}): Promise<RecoveredPipeline> {
    return this.#restore("recover", pipelineId, () => {
      const { checkpointId, select, ...caller } = checked(RecoverArgument, options);
      return (...on: Target) => recover(...on, present({ checkpointId, select }), caller);
    });
  }

  /** Sets the state to an earlier checkpoint. History is never erased: a rollback appends a version. */
  rollbackToPreviousCheckpoint(
    pipelineId: string,
    options: RollbackOptions = {},
  ): Promise<RecoveredPipeline> {
    return this.#restore("rollback", pipelineId, () => {
      const { checkpointId, steps, ...caller } = checked(RollbackArgument, options);
      return (...on: Target) => rollback(...on, present({ checkpointId, steps }), caller);
    });
  }

  /** Starts a new pipeline from a checkpoint of this one; from then on neither knows of the other. */
  forkPipeline(pipelineId: string, into: string, options: ForkOptions = {}): Promise<ForkedPipeline> {
    const prepare = () => {
      const target = checkPipelineId(into);
      const { checkpointId, idempotencyKey } = checked(ForkArgument, options);
      return async (...on: Target) => {
        const from = { pipelineId: target, ...present({ checkpointId }) };
        const { replayed: _replayed, ...forked } = await fork(...on, from, present({ idempotencyKey }));
        return forked;
      };
    };
    return this.#session.run("fork", pipelineId, prepare, asRecoveryError);
  }

  /**
   * A pipeline with all its checkpoints as one file (docs/export-format.md), piece by piece. Only a file with its last
   * line is whole. It is not encrypted, whatever the store is.
   */
  async *exportPipeline(pipelineId: string): AsyncGenerator<Uint8Array, void> {
    const prepare = () => async (core: Target[0], key: Target[1]) => exportPipeline(core, key);
    const pieces = await this.#session.run("export", pipelineId, prepare, asRecoveryError);
    try {
      yield* pieces;
    } catch (error) {
      throw asRecoveryError(error);
    }
  }

  /** Makes a pipeline of an exported file, which is checked before anything is written. */
  importPipeline(pipelineId: string, file: Blob): Promise<Imported> {
    const prepare = () => {
      if (!(file instanceof Blob)) throw new CairnError("malformed", "The file must be a Blob.");
      return (...on: Target) => importPipeline(...on, file);
    };
    return this.#session.run("import", pipelineId, prepare, asRecoveryError);
  }

  /** Gives the store's connections back; those of a manager are the manager's to close. */
  async close(): Promise<void> {
    if (this.#owned) await this.#session.close();
  }

  #restore(
    operation: string,
    pipelineId: string,
    prepare: () => (...on: Target) => Promise<Restored>,
  ): Promise<RecoveredPipeline> {
    const prepared = () => {
      const verb = prepare();
      return async (...on: Target) => {
        const { replayed: _replayed, ...restored } = await verb(...on);
        return { pipelineId, ...restored };
      };
    };
    return this.#session.run(operation, pipelineId, prepared, asRecoveryError);
  }
}

type Target = Parameters<ReturnType<Parameters<Session["run"]>[2]>>;

/** @throws RecoveryError `invalid_configuration` */
function parsed(options: StateManagerOptions): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(options);
  } catch (error) {
    throw asRecoveryError(error);
  }
}

function asRecoveryError(error: unknown): unknown {
  if (!(error instanceof CairnError)) return error;
  return new RecoveryError(error.code, error.message, { ...error.facts, cause: error });
}
