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
import type { Verbs } from "../verbs/verbs.ts";
import type { InterruptedPipeline } from "./detect.ts";
import type { Imported } from "./export/import.ts";
import type { Forked } from "./fork.ts";
import type { Restored } from "./rollback.ts";

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
 * Finds interrupted pipelines and brings their state back: in this process, with the same code as the service, or by
 * a service. Errors are `RecoveryError` with the codes of the HTTP contract.
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
    const detect = () => (verbs: Verbs) => verbs.listInterrupted();
    return this.#session.perform("detectInterrupted", null, detect, asRecoveryError);
  }

  /** Reads and hashes every frame that a checkpoint is made of. */
  validateCheckpoint(
    pipelineId: string,
    checkpointId: string,
  ): Promise<{ valid: boolean; problems: string[] }> {
    const prepare = () => {
      const one = checkCheckpointId(checkpointId);
      return (verbs: Verbs, id: string) => verbs.verifyCheckpoint(id, one);
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
      return (verbs, id) => verbs.recover(id, present({ checkpointId, select }), caller);
    });
  }

  /** Sets the state to an earlier checkpoint. History is never erased: a rollback appends a version. */
  rollbackToPreviousCheckpoint(
    pipelineId: string,
    options: RollbackOptions = {},
  ): Promise<RecoveredPipeline> {
    return this.#restore("rollback", pipelineId, () => {
      const { checkpointId, steps, ...caller } = checked(RollbackArgument, options);
      return (verbs, id) => verbs.rollback(id, present({ checkpointId, steps }), caller);
    });
  }

  /** Starts a new pipeline from a checkpoint of this one; from then on neither knows of the other. */
  forkPipeline(pipelineId: string, into: string, options: ForkOptions = {}): Promise<ForkedPipeline> {
    const prepare = () => {
      const target = checkPipelineId(into);
      const { checkpointId, idempotencyKey } = checked(ForkArgument, options);
      const from = { pipelineId: target, ...present({ checkpointId }) };
      return (verbs: Verbs, id: string) => verbs.fork(id, from, present({ idempotencyKey }));
    };
    return this.#session.run("fork", pipelineId, prepare, asRecoveryError);
  }

  /**
   * A pipeline with all its checkpoints as one file (docs/export-format.md), piece by piece. Only a file with its last
   * line is whole. It is not encrypted, whatever the store is.
   */
  async *exportPipeline(pipelineId: string): AsyncGenerator<Uint8Array, void> {
    const prepare = () => (verbs: Verbs, id: string) => verbs.export(id);
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
      return (verbs: Verbs, id: string) => verbs.import(id, file);
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
    prepare: () => (verbs: Verbs, id: string) => Promise<Omit<Restored, "replayed">>,
  ): Promise<RecoveredPipeline> {
    const prepared = () => {
      const verb = prepare();
      return async (verbs: Verbs, id: string) => ({ pipelineId, ...(await verb(verbs, id)) });
    };
    return this.#session.run(operation, pipelineId, prepared, asRecoveryError);
  }
}

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
