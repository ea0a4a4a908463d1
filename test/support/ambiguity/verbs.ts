import type { PipelineKey } from "../../../src/model/ids.ts";
import { createCheckpoint, deleteCheckpoint } from "../../../src/state/checkpoints.ts";
import type { Committed } from "../../../src/state/commit.ts";
import type { Core } from "../../../src/state/core.ts";
import { acquireLease, releaseLease, renewLease } from "../../../src/state/lease.ts";
import { patchState } from "../../../src/state/patch.ts";
import { deletePipeline, registerPipeline, updatePipeline } from "../../../src/state/pipelines.ts";
import { registerNewPipeline } from "../../../src/state/register-new.ts";
import { resume } from "../../../src/state/resume.ts";
import { type SaveInput, saveState } from "../../../src/state/save.ts";

/** What an operation told its caller, as far as it is the same in every run. */
export interface Told {
  facts: Readonly<Record<string, unknown>>;
  replayed: boolean;
}

/** One mutating operation, under an idempotency key. */
export interface Verb {
  name: string;
  /** What there must be before. */
  prepare(core: Core, key: PipelineKey): Promise<unknown>;
  act(core: Core, key: PipelineKey, idempotencyKey: string): Promise<Told>;
}

const TTL = 600;
const utf8 = new TextEncoder();

function save(core: Core, key: PipelineKey, text: string, options: Partial<SaveInput> = {}) {
  const content = utf8.encode(text);
  return saveState(core, key, {
    content,
    contentType: "text/plain",
    caller: {},
    checkpoint: "never",
    ...options,
  });
}

/** A save by somebody else, who takes no notice of leases. */
export function saveByOthers(core: Core, key: PipelineKey, deleted: boolean): Promise<unknown> {
  const options: Partial<SaveInput> = deleted ? { precondition: "absent" } : { caller: { force: true } };
  return save(core, key, "theirs", options);
}

const nothing = async () => {};
const saved = (core: Core, key: PipelineKey) => save(core, key, "first");
const leased = async (core: Core, key: PipelineKey) => {
  await saved(core, key);
  await acquireLease(core, key, { owner: "one", ttlSeconds: TTL });
};
/** The checkpoint to delete, by pipeline. */
const removable = new WeakMap<PipelineKey, string>();

function saving(name: string, prepare: Verb["prepare"], options: Partial<SaveInput>): Verb {
  return {
    name,
    prepare,
    async act(core, key, idempotencyKey) {
      const caller = { ...options.caller, idempotencyKey };
      const { created, replayed, result } = await save(core, key, "mine", { ...options, caller });
      return { facts: { created, version: result.version, sha256: result.sha256 }, replayed };
    },
  };
}

function holding(
  name: string,
  act: (core: Core, key: PipelineKey, idempotencyKey: string) => Promise<Committed>,
): Verb {
  return {
    name,
    prepare: leased,
    async act(core, key, idempotencyKey) {
      const { result, replayed } = await act(core, key, idempotencyKey);
      return { facts: { fence: result.fence, revision: result.revision }, replayed };
    },
  };
}

function checkpointing(name: string, data: string | null): Verb {
  return {
    name,
    prepare: saved,
    async act(core, key, idempotencyKey) {
      const given = data === null ? {} : { data: { content: utf8.encode(data), contentType: "text/plain" } };
      const { checkpoint, replayed } = await createCheckpoint(core, key, {
        caller: { idempotencyKey },
        ...given,
      });
      const { sequence, version, sha256 } = checkpoint;
      return { facts: { sequence, version, sha256 }, replayed };
    },
  };
}

/** Every way to change a pipeline. */
export const VERBS: readonly Verb[] = [
  saving("first save", nothing, {}),
  saving("create", nothing, { precondition: "absent" }),
  saving("save", saved, {}),
  saving("save over a version", saved, { precondition: { versions: [1] } }),
  saving("save with a checkpoint", saved, { checkpoint: "always" }),
  saving("save under a lease", leased, { caller: { fence: 1 } }),
  {
    name: "patch",
    prepare: saved,
    async act(core, key, idempotencyKey) {
      const change = (content: Uint8Array) => Uint8Array.of(...content, 33);
      const input = { caller: { idempotencyKey }, checkpoint: "never" as const, request: ["patch"], change };
      const { result, replayed } = await patchState(core, key, input);
      return { facts: { version: result.version, sha256: result.sha256 }, replayed };
    },
  },
  checkpointing("checkpoint", null),
  checkpointing("checkpoint of data", "data"),
  {
    name: "delete a checkpoint",
    async prepare(core, key) {
      await saved(core, key);
      const { checkpoint } = await createCheckpoint(core, key, { caller: {} });
      removable.set(key, checkpoint.checkpointId);
    },
    async act(core, key, idempotencyKey) {
      const { replayed } = await deleteCheckpoint(core, key, removable.get(key)!, { idempotencyKey });
      return { facts: {}, replayed };
    },
  },
  {
    name: "lease",
    prepare: saved,
    async act(core, key, idempotencyKey) {
      const { lease, replayed } = await acquireLease(core, key, {
        owner: "one",
        ttlSeconds: TTL,
        idempotencyKey,
      });
      return { facts: { fence: lease.fence, owner: lease.owner }, replayed };
    },
  },
  holding("heartbeat", (core, key, idempotencyKey) => renewLease(core, key, { fence: 1, idempotencyKey })),
  holding("release", (core, key, idempotencyKey) => releaseLease(core, key, { fence: 1, idempotencyKey })),
  {
    name: "resume",
    prepare: saved,
    async act(core, key, idempotencyKey) {
      const input = { owner: "one", ttlSeconds: TTL, idempotencyKey };
      const { fence, attempt, replayed } = await resume(core, key, input);
      return { facts: { fence, attempt }, replayed };
    },
  },
  {
    name: "register",
    prepare: saved,
    async act(core, key, idempotencyKey) {
      const { created, replayed } = await registerPipeline(core, key, { kind: "etl" }, { idempotencyKey });
      return { facts: { created }, replayed };
    },
  },
  {
    name: "register anew",
    prepare: nothing,
    async act(core, key, idempotencyKey) {
      const { created, replayed } = await registerNewPipeline(core, key, { kind: "etl" }, { idempotencyKey });
      return { facts: { created }, replayed };
    },
  },
  {
    name: "complete",
    prepare: saved,
    async act(core, key, idempotencyKey) {
      const { replayed } = await updatePipeline(core, key, { status: "completed" }, { idempotencyKey });
      return { facts: {}, replayed };
    },
  },
  {
    name: "delete",
    prepare: saved,
    async act(core, key, idempotencyKey) {
      const { result, replayed } = await deletePipeline(core, key, { idempotencyKey });
      return { facts: { fence: result.fence, version: result.version }, replayed };
    },
  },
];
