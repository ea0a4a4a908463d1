import { CairnError } from "../../src/model/errors.ts";
import { newCheckpointId, type PipelineKey } from "../../src/model/ids.ts";
import { type Restored, recover, rollback } from "../../src/recovery/rollback.ts";
import { createCheckpoint, deleteCheckpoint } from "../../src/state/checkpoints.ts";
import type { Core } from "../../src/state/core.ts";
import { acquireLease, releaseLease, renewLease } from "../../src/state/lease.ts";
import { patchState } from "../../src/state/patch.ts";
import { deletePipeline, registerPipeline, updatePipeline } from "../../src/state/pipelines.ts";
import { resume } from "../../src/state/resume.ts";
import { type Saved, saveState } from "../../src/state/save.ts";
import { textOf } from "../state/core.ts";
import type { Answer } from "./model.ts";
import type { Asked, Request } from "./requests.ts";

/** Checkpoint ids are the service's own; the model knows checkpoints by their sequence. */
export interface CheckpointNames {
  idOf(name: string, sequence: number): string;
  sequenceOf(id: string): number;
  learn(name: string, id: string, sequence: number): void;
}

export function checkpointNames(): CheckpointNames {
  const ids = new Map<string, string>();
  const sequences = new Map<string, number>();
  return {
    idOf: (name, sequence) => ids.get(`${name} ${sequence}`) ?? newCheckpointId(),
    sequenceOf: (id) => sequences.get(id) ?? -1,
    learn(name, id, sequence) {
      ids.set(`${name} ${sequence}`, id);
      sequences.set(id, sequence);
    },
  };
}

export function keyOf(name: string): PipelineKey {
  const [tenant = "", pipelineId = ""] = name.split("/");
  return { tenant, pipelineId };
}

/** Asks the service. The answer is cut down to what the model can know. */
export async function ask(core: Core, names: CheckpointNames, request: Request): Promise<Answer> {
  try {
    return await call(core, names, request);
  } catch (error) {
    if (error instanceof CairnError) return { error: error.code };
    throw error;
  }
}

async function call(core: Core, names: CheckpointNames, request: Request): Promise<Answer> {
  const key = keyOf(request.name);
  const { fence, force, idempotencyKey } = request;
  const keyed = idempotencyKey === undefined ? {} : { idempotencyKey };
  const caller = {
    ...keyed,
    ...(fence === undefined ? {} : { fence }),
    ...(force ? { force } : {}),
  };
  const chosen =
    "sequence" in request && request.sequence !== undefined
      ? { checkpointId: names.idOf(request.name, request.sequence) }
      : {};
  switch (request.verb) {
    case "save":
      return savedFacts(names, request.name, await saveState(core, key, saveInput(request, caller)));
    case "patch":
      return savedFacts(names, request.name, await patchState(core, key, patchInput(request, caller)));
    case "checkpoint": {
      const { label, data } = request;
      const { checkpoint, replayed } = await createCheckpoint(core, key, {
        caller,
        ...(label === undefined ? {} : { label }),
        ...(data === undefined ? {} : { data: { content: Buffer.from(data), contentType: "text/plain" } }),
      });
      names.learn(request.name, checkpoint.checkpointId, checkpoint.sequence);
      const { sequence, version, source, bytes, sha256, createdAt } = checkpoint;
      return { sequence, version, source, label: checkpoint.label, bytes, sha256, createdAt, replayed };
    }
    case "drop":
      return replayedOf(await deleteCheckpoint(core, key, chosen.checkpointId!, caller));
    case "acquire": {
      const { owner, ttlSeconds } = request;
      const { lease, replayed } = await acquireLease(core, key, { owner, ttlSeconds, ...keyed });
      return { ...lease, replayed };
    }
    case "renew": {
      const { result, replayed } = await renewLease(core, key, caller, request.ttlSeconds);
      return { expiresAt: result.expiresAt, replayed };
    }
    case "release":
      return replayedOf(await releaseLease(core, key, caller));
    case "resume": {
      const { owner, ttlSeconds } = request;
      const resumed = await resume(core, key, { owner, ttlSeconds, ...chosen, ...keyed });
      const { checkpointId: _, kind: _kind, policy: _policy, point, ...facts } = resumed;
      return { ...facts, text: point && textOf(point.content) };
    }
    case "recover":
      return restoredFacts(names, await recover(core, key, chosen, caller));
    case "rollback": {
      const steps = request.steps === undefined ? {} : { steps: request.steps };
      return restoredFacts(names, await rollback(core, key, { ...chosen, ...steps }, caller));
    }
    case "update": {
      const { status, labels } = request;
      const change = { ...(status ? { status } : {}), ...(labels ? { labels } : {}) };
      return replayedOf(await updatePipeline(core, key, change, caller));
    }
    case "register": {
      const answer = await registerPipeline(core, key, { kind: request.kind }, caller);
      return { created: answer.created, replayed: answer.replayed };
    }
    case "delete":
      return replayedOf(await deletePipeline(core, key, caller));
  }
}

function replayedOf({ replayed }: { replayed: boolean }): Answer {
  return { replayed };
}

function saveInput(request: Asked<"save">, caller: object) {
  const { text, type, condition, checkpoint } = request;
  return {
    ...{ caller, content: Buffer.from(text), contentType: type },
    checkpoint: checkpoint ? ("always" as const) : ("never" as const),
    ...(condition === undefined ? {} : { precondition: condition }),
  };
}

function patchInput(request: Asked<"patch">, caller: object) {
  const { suffix, fails, condition } = request;
  return {
    ...{ caller, checkpoint: "never" as const, request: ["patch", suffix] },
    ...(condition === undefined ? {} : { precondition: condition }),
    change(content: Uint8Array) {
      if (fails) throw new CairnError("patch_failed", "as asked");
      return Buffer.concat([content, Buffer.from(suffix)]);
    },
  };
}

function savedFacts(names: CheckpointNames, name: string, { created, replayed, result }: Saved): Answer {
  const { version, bytes, sha256, savedAt, checkpoint: made } = result;
  if (made) names.learn(name, made.checkpointId, made.sequence);
  const checkpoint = made && {
    ...{ sequence: made.sequence, version: made.version, source: made.source, label: made.label },
  };
  return { created, replayed, version, bytes, sha256, savedAt, checkpoint };
}

function restoredFacts(names: CheckpointNames, restored: Restored): Answer {
  const { checkpointId, storedBytes: _, quarantined, ...facts } = restored;
  return {
    ...facts,
    sequence: names.sequenceOf(checkpointId),
    quarantined: quarantined.map((each) => names.sequenceOf(each.checkpointId)),
  };
}
