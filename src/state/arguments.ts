import { Label, Metadata } from "../model/checkpoint.ts";
import { CairnError } from "../model/errors.ts";
import { refuseInexact } from "../model/json/exact.ts";
import { CheckpointId, DiffTarget, PipelineId } from "../model/names.ts";
import { once } from "../model/once.ts";
import { parseWith } from "../model/parse.ts";
import { Kind, Labels, Moment, Owner, Status, TtlSeconds } from "../model/pipeline.ts";
import { Pointers } from "../model/pointers.ts";
import { present } from "../model/present.ts";
import { Situation } from "../model/task.ts";
import * as z from "../model/zod.ts";
import type { SaveInput } from "./save.ts";
import { refuseLossy } from "./values.ts";
import type { Precondition } from "./write.ts";

/* What the verbs of a manager are given, each as strict as over HTTP. */

const count = once(() => z.int().check(z.minimum(0)));

/** What every changing verb may be given (`Caller`). */
const caller = once(() => ({
  fence: z.optional(count()),
  force: z.optional(z.boolean()),
  idempotencyKey: z.optional(
    z.string().check(z.regex(/^[ -~]{1,255}$/, "1 to 255 printable ASCII characters")),
  ),
}));
export const CallerArgument = once(() => z.strictObject(caller()));

const SaveArgument = once(() =>
  z.strictObject({
    ...caller(),
    ifVersion: z.optional(count()),
    onConflict: z.optional(z.enum(["fail", "merge"])),
    checkpoint: z.optional(z.enum(["auto", "always", "never"])),
    label: z.optional(Label()),
    situation: z.optional(Situation()),
  }),
);

const CheckpointArgument = once(() =>
  z.strictObject({
    ...caller(),
    /** Judged when it is encoded. */
    data: z.optional(z.unknown()),
    label: z.optional(Label()),
    metadata: z.optional(Metadata()),
    reason: z.optional(z.string().check(z.minLength(1), z.maxLength(1024))),
  }),
);

export const ResumeArgument = once(() =>
  z.strictObject({
    owner: Owner(),
    ttlSeconds: z._default(TtlSeconds(), 60),
    checkpointId: z.optional(CheckpointId()),
  }),
);

const page = once(() => ({
  limit: z._default(z.int().check(z.minimum(1), z.maximum(500)), 50),
  cursor: z.optional(z.string()),
}));
export const PageArgument = once(() => z.strictObject(page()));
export const CheckpointPageArgument = once(() =>
  z.strictObject({ ...page(), label: z.optional(z.string()) }),
);

export const FilterArgument = once(() =>
  z.strictObject({
    status: z.optional(Status()),
    kind: z.optional(Kind()),
    labels: z.optional(Labels()),
    updatedBefore: z.optional(Moment()),
  }),
);

/** A hundred years: further back no clock of ours has been. */
const LONGEST_SECONDS = 3_155_760_000;

export const cleanupRules = once(() => ({
  keepLast: z.optional(count()),
  olderThanSeconds: z.optional(z.number().check(z.minimum(0), z.maximum(LONGEST_SECONDS))),
}));
export const CleanupArgument = once(() => z.strictObject({ ...caller(), ...cleanupRules() }));

export const RecoverArgument = once(() =>
  z.strictObject({
    ...caller(),
    checkpointId: z.optional(CheckpointId()),
    select: z.optional(Pointers()),
  }),
);

export const ForkArgument = once(() =>
  z.strictObject({ checkpointId: z.optional(CheckpointId()), idempotencyKey: caller().idempotencyKey }),
);

/** Where a rollback goes: `oneTarget` refuses both. */
export const rollbackTarget = once(() => ({
  checkpointId: z.optional(CheckpointId()),
  steps: z.optional(z.int().check(z.minimum(1), z.maximum(10_000))),
}));

export const oneTarget = once(() =>
  z.refine<{ checkpointId?: unknown; steps?: unknown }>(
    ({ checkpointId, steps }) => checkpointId === undefined || steps === undefined,
    { message: "either checkpointId or steps, not both", path: ["steps"] },
  ),
);

export const RollbackArgument = once(() =>
  z.strictObject({ ...caller(), ...rollbackTarget() }).check(oneTarget()),
);

/** An argument as its schema has it; members that are undefined are as if left out. @throws CairnError `malformed` */
export function checked<S extends z.ZodMiniObject>(schema: () => S, given: unknown) {
  return present(parseWith(schema(), given, "The argument"));
}

/** What `shouldCheckpoint` is told. */
export const SituationArgument = Situation;

/** Of `savePipelineState`, as a save takes it. @throws CairnError `malformed` */
export function checkedSave(given: unknown, byDefault: SaveInput["checkpoint"]) {
  const {
    ifVersion,
    onConflict,
    situation,
    label,
    checkpoint = byDefault,
    ...caller
  } = checked(SaveArgument, given);
  const precondition = ifVersion === undefined ? undefined : expectVersion(ifVersion);
  const mergeFrom = onConflict === "merge" ? versionToMerge(ifVersion) : undefined;
  return { caller, checkpoint, ...present({ precondition, mergeFrom, label, situation }) };
}

/** @throws CairnError `malformed` */
function versionToMerge(ifVersion: number | undefined): number {
  if (ifVersion) return ifVersion;
  const message = "merging needs the version that the state was made from";
  throw new CairnError("malformed", `/ifVersion: ${message}`, {
    errors: [{ pointer: "/ifVersion", message }],
  });
}

function expectVersion(version: number): Precondition {
  return version === 0 ? "absent" : { versions: [version] };
}

/** Of `createCheckpoint`. Metadata goes through JSON, which must not change it. @throws CairnError `malformed` */
export function checkedCheckpoint(given: unknown) {
  const metadata = (given as { metadata?: unknown } | null)?.metadata;
  if (metadata !== undefined) {
    refuseLossy(metadata, "/metadata");
    refuseInexact(JSON.stringify({ metadata }), "The argument");
  }
  return checked(CheckpointArgument, given);
}

/** @throws CairnError `invalid_id` */
export function checkPipelineId(given: unknown): string {
  return checkId("pipelineId", PipelineId(), given);
}

/** @throws CairnError `invalid_id` */
export function checkCheckpointId(given: unknown): string {
  return checkId("checkpointId", CheckpointId(), given);
}

/** @throws CairnError `invalid_id` */
export function checkDiffTarget(given: unknown): string {
  return checkId("diffTarget", DiffTarget(), given);
}

function checkId(pointer: string, schema: z.ZodMiniType<string>, given: unknown): string {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const { message } = parsed.error.issues[0]!;
  throw new CairnError("invalid_id", `The ${pointer} must be ${message}.`, {
    errors: [{ pointer, message }],
  });
}
