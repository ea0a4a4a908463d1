import { Checkpoint, Decision } from "../model/checkpoint.ts";
import { ERROR_CODES, type ErrorCode } from "../model/errors.ts";
import { PipelineEvent } from "../model/event.ts";
import { CheckpointId, PipelineId } from "../model/names.ts";
import { once } from "../model/once.ts";
import { Kind, Owner, Policy, Status, Timestamp } from "../model/pipeline.ts";
import { PipelineSummary } from "../model/pipeline-view.ts";
import * as z from "../model/zod.ts";
import { ALERT_NAMES } from "../monitoring/alert-rules.ts";

/* What the answers hold that no record does. */

const Sha256 = once(() => z.string().check(z.regex(/^[0-9a-f]{64}$/)));

export const SaveResult = once(() =>
  z
    .object({
      pipelineId: PipelineId(),
      version: z.int(),
      bytes: z.int(),
      storedBytes: z.int(),
      sha256: Sha256(),
      savedAt: Timestamp(),
      checkpoint: z.nullable(Checkpoint()),
      decision: z.nullable(Decision()),
    })
    .check(z.meta({ id: "SaveResult" })),
);

export const Verification = once(() =>
  z.object({ valid: z.boolean(), problems: z.array(z.string()) }).check(z.meta({ id: "Verification" })),
);

const PatchOperation = once(() =>
  z
    .discriminatedUnion("op", [
      z.object({ op: z.enum(["add", "replace"]), path: z.string(), value: z.unknown() }),
      z.object({ op: z.literal("remove"), path: z.string() }),
    ])
    .check(z.meta({ id: "PatchOperation" })),
);

export const Diff = once(() =>
  z
    .object({
      patch: z
        .array(PatchOperation())
        .check(z.meta({ description: "JSON Patch (RFC 6902). Numbers in it keep their text." })),
      bytes: z.record(z.string(), z.int()).check(
        z.meta({
          description:
            "By how many bytes the text of each changed member of the outermost object grew, or shrank when negative, by JSON Pointer. Where a content is no object, the empty pointer stands for all.",
        }),
      ),
    })
    .check(z.meta({ id: "Diff" })),
);

export const LeaseGrant = once(() =>
  z.object({ fence: z.int(), owner: Owner(), expiresAt: Timestamp() }).check(z.meta({ id: "LeaseGrant" })),
);

/** With `Prefer: profile`: what was learned of the kind, as named sums. */
export const Profile = once(() =>
  z.record(z.string(), z.number()).check(
    z.meta({
      id: "Profile",
      description:
        "Named sums, see the documentation of profiles: what was learned of the pipeline's kind. Only with `Prefer: profile`.",
    }),
  ),
);

export const LearnedProfile = once(() =>
  z
    .object({
      kind: Kind(),
      failures: z.number(),
      uptimeSeconds: z.number(),
      failuresPerHour: z.number(),
      saves: z.number(),
      saveSeconds: z.nullable(z.number()),
      recoveries: z.number(),
      recoverySeconds: z.nullable(z.number()),
      sums: Profile(),
    })
    .check(z.meta({ id: "LearnedProfile" })),
);

export const Heartbeat = once(() =>
  z
    .object({ expiresAt: Timestamp(), decision: Decision(), profile: z.optional(Profile()) })
    .check(z.meta({ id: "Heartbeat" })),
);

/** What a resume gives, but for the state itself. */
const taken = () => ({
  pipelineId: PipelineId(),
  fence: z.int(),
  owner: Owner(),
  expiresAt: Timestamp(),
  attempt: z.int(),
  version: z.int(),
  checkpointId: z.nullable(CheckpointId()),
  contentType: z.nullable(z.string()),
  stateUrl: z.nullable(z.string()),
});

export const Resumed = once(() =>
  z
    .object({
      ...taken(),
      state: z.unknown().check(
        z.meta({
          description:
            "The JSON as saved; null for other types and for large states, and in a replay once the state has moved on (then `stateUrl` is null as well).",
        }),
      ),
      policy: z.optional(Policy()),
      profile: z.optional(Profile()),
    })
    .check(z.meta({ id: "Resumed" })),
);

export const Claims = once(() =>
  z.object({ data: z.array(z.object(taken())) }).check(z.meta({ id: "Claims" })),
);

export const InterruptedPipelines = once(() =>
  z
    .object({
      data: z.array(
        z.object({
          ...PipelineSummary().shape,
          why: z.enum(["interrupted", "lease", "silence"]).check(
            z.meta({
              description:
                "`interrupted`: a sweep found it; `lease`: its lease ran out; `silence`: it holds none, and was quiet too long.",
            }),
          ),
        }),
      ),
    })
    .check(z.meta({ id: "InterruptedPipelines" })),
);

export const Restored = once(() =>
  z
    .object({
      pipelineId: PipelineId(),
      version: z.int(),
      checkpointId: CheckpointId(),
      contentType: z.string(),
      bytes: z.int(),
      storedBytes: z.int(),
      sha256: Sha256(),
      savedAt: Timestamp(),
      quarantined: z.array(z.object({ checkpointId: CheckpointId(), problem: z.string() })),
    })
    .check(z.meta({ id: "Restored" })),
);

export const Pruned = once(() =>
  z
    .object({
      dropped: z.array(
        z.object({
          checkpointId: CheckpointId(),
          version: z.int(),
          storedBytes: z.int(),
          reason: z
            .enum(["keepLast", "keepForSeconds", "thin", "maxBytes", "quarantined"])
            .check(z.meta({ description: "The rule of the retention that let it go." })),
        }),
      ),
      kept: z.int(),
      freedBytes: z.int().check(
        z.meta({
          description: "Frames go with the last checkpoint of their chain, so it may be less than the sum.",
        }),
      ),
    })
    .check(z.meta({ id: "Pruned" })),
);

export const Swept = once(() =>
  z
    .object({
      due: z.int(),
      interrupted: z.int(),
      failed: z.int(),
      damaged: z.int(),
      woken: z.int(),
      delayed: z.int(),
      deadLettered: z.int(),
      pruned: z.int(),
      promoted: z.int(),
      deleted: z.int(),
      drilled: z.int(),
      held: z.int(),
      more: z.boolean(),
      calls: z.int(),
      seconds: z.number(),
    })
    .check(z.meta({ id: "Swept" })),
);

export const Recoverability = once(() =>
  z
    .object({
      rpoSeconds: z.number().check(
        z.meta({
          description:
            "Work that a crash at this moment would lose, at most: since the last stored version, or since the machine took the pipeline up. 0 where nobody works on it.",
        }),
      ),
      verified: z
        .boolean()
        .check(z.meta({ description: "Whether the version to go on from was read back and is right." })),
      rtoSeconds: z.nullable(z.number()).check(
        z.meta({
          description:
            "How long a resume takes: the mean of the kind's measured recoveries, null until one is known.",
        }),
      ),
    })
    .check(z.meta({ id: "Recoverability" })),
);
export const StateMetrics = once(() => {
  const share = z.nullable(z.number());
  return z
    .object({
      avgCheckpointSeconds: share,
      p50CheckpointSeconds: share,
      p99CheckpointSeconds: share,
      storageUtilization: share,
      recoverySuccessRate: share,
      errorRate: share,
      checkpointOverhead: share,
      pipelines: z.record(Status(), z.int()),
      checkpoints: z.int(),
      bytesByBackend: z.record(z.string(), z.int()),
      quota: z.object({ bytes: z.nullable(z.int()), pipelines: z.nullable(z.int()) }),
      truncated: z.boolean(),
      totals: z.object({
        operations: z.int(),
        errors: z.int(),
        checkpoints: z.int(),
        checkpointSeconds: z.number(),
      }),
    })
    .check(z.meta({ id: "StateMetrics" }));
});

export const Alerts = once(() =>
  z
    .object({
      data: z.array(
        z.object({
          name: z.enum(ALERT_NAMES),
          state: z.enum(["ok", "firing"]),
          value: z
            .nullable(z.number())
            .check(z.meta({ description: "At the last look; null: nothing was measured." })),
          threshold: z.number(),
          since: z.nullable(Timestamp()),
        }),
      ),
      evaluatedAt: z.nullable(Timestamp()),
      untold: z.int().check(z.meta({ description: "Messages that were not delivered yet." })),
    })
    .check(z.meta({ id: "Alerts" })),
);

export const Readiness = once(() =>
  z
    .object({
      ready: z.boolean(),
      backend: z.string(),
      problems: z.array(z.string()),
      unverified: z.optional(
        z.array(z.string()).check(
          z.meta({
            description:
              "What the store does not let us ask: not a problem, but not known to be right either. Left out when all is known.",
          }),
        ),
      ),
    })
    .check(z.meta({ id: "Readiness" })),
);

export const CheckpointPage = pageOf("CheckpointPage", Checkpoint);
export const PipelinePage = pageOf("PipelinePage", PipelineSummary);
export const EventPage = pageOf("EventPage", PipelineEvent);

function pageOf<T extends z.ZodMiniType>(id: string, item: () => T) {
  return once(() =>
    z
      .object({ data: z.array(item()), cursor: z.nullable(z.string()), hasMore: z.boolean() })
      .check(z.meta({ id })),
  );
}

/** RFC 9457. */
export const Problem = once(() =>
  z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      code: z.enum(Object.keys(ERROR_CODES) as ErrorCode[]),
      errors: z.optional(z.array(z.object({ pointer: z.string(), message: z.string() }))),
    })
    .check(z.meta({ id: "Problem" })),
);
