import { CairnError } from "../../model/errors.ts";
import { FINISHED } from "../../model/finished.ts";
import type { Status } from "../../model/pipeline.ts";
import type { ExportedCheckpoint, ExportedState, Manifest } from "./format.ts";
import type { Exported, OpenedExport } from "./open.ts";

/** What an import does, in order. Versions and checkpoints are those of the file. */
export type Step =
  /** Saves a state as the next version, and makes a checkpoint of it. */
  | {
      do: "save";
      state: ExportedState | ExportedCheckpoint;
      checkpoint: ExportedCheckpoint | null;
      from: Stored;
    }
  /** Makes one more checkpoint of the state as it is. */
  | { do: "snapshot"; checkpoint: ExportedCheckpoint }
  /** Makes a checkpoint of other data. */
  | { do: "data"; checkpoint: ExportedCheckpoint; from: Stored };

type Stored = Extract<Exported, { file: Blob }>;

export interface LeftOut {
  checkpointId: string;
  problem: string;
}

/** The pipeline again, from its oldest checkpoint to its state. */
export function stepsOf({ manifest, contents }: OpenedExport): { steps: Step[]; leftOut: LeftOut[] } {
  const steps: Step[] = [];
  const leftOut: LeftOut[] = [];
  let version: number | null = null;
  for (const checkpoint of manifest.checkpoints.toReversed()) {
    const from = contents.get(checkpoint.sha256)!;
    if ("damaged" in from) leftOut.push({ checkpointId: checkpoint.checkpointId, problem: from.damaged });
    else if (checkpoint.source === "data") steps.push({ do: "data", checkpoint, from });
    else if (checkpoint.version === version) steps.push({ do: "snapshot", checkpoint });
    else {
      steps.push({ do: "save", state: checkpoint, checkpoint, from });
      version = checkpoint.version;
    }
  }
  const { state } = manifest;
  if (state && state.version !== version)
    steps.push({ do: "save", state, checkpoint: null, from: contents.get(state.sha256) as Stored });
  return { steps, leftOut };
}

/** The label of a pipeline that is being imported: it goes with the last step, when the settings come. */
export const UNFINISHED = "cairn/import";

/**
 * What a pipeline has until all of it is there: nothing that wakes, evaluates or finishes it. Only retention is its
 * own, for the default may keep less.
 */
export function settingsMeanwhile({ manifest, sha256 }: OpenedExport) {
  const { retention } = manifest.settings;
  return {
    kind: "cairn.import",
    labels: { [UNFINISHED]: sha256 },
    policy: { strategy: "never" as const },
    retention,
  };
}

/** What it ends as: finished as it was, else running, and nobody holds it. */
export function statusAfter({
  status,
}: Manifest): Extract<Status, "completed" | "failed" | "cancelled"> | null {
  return FINISHED.includes(status) ? (status as "completed") : null;
}

export function importTaken(): CairnError {
  return new CairnError("precondition_failed", "The pipeline to import into is there already.");
}

export function fileChanged(): CairnError {
  return new CairnError("malformed", "The file was changed while it was imported. Import it again.");
}
