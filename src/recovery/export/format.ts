import { Label, Metadata } from "../../model/checkpoint.ts";
import { CairnError } from "../../model/errors.ts";
import { CheckpointId, PipelineId } from "../../model/names.ts";
import { once } from "../../model/once.ts";
import { Settings, Status, Timestamp } from "../../model/pipeline.ts";
import * as z from "../../model/zod.ts";

/*
 * The file of an export, as docs/export-format.md has it: a line of JSON (the manifest), for each content a line of
 * JSON and its bytes, and a last line with the SHA-256 of all before it.
 */

export const EXPORT_TYPE = "application/vnd.cairn.export";
export const EXPORT_FORMAT = 1;

const Version = once(() => z.int().check(z.minimum(0)));
const Sha256 = once(() => z.string().check(z.regex(/^[0-9a-f]{64}$/)));

const contentFacts = () => ({
  contentType: z.string().check(z.regex(/^[ -~]{1,256}$/)),
  bytes: z.int().check(z.minimum(0)),
  sha256: Sha256(),
});

const ExportedState = once(() =>
  z.strictObject({
    version: Version(),
    savedAt: Timestamp(),
    ...contentFacts(),
    restoredFrom: z.nullable(
      z.strictObject({ checkpointId: z.nullable(CheckpointId()), version: Version() }),
    ),
  }),
);
export type ExportedState = z.infer<ReturnType<typeof ExportedState>>;

const ExportedCheckpoint = once(() =>
  z.strictObject({
    checkpointId: CheckpointId(),
    version: Version(),
    sequence: z.int().check(z.minimum(1)),
    createdAt: Timestamp(),
    source: z.enum(["state", "data"]),
    label: z.nullable(Label()),
    metadata: z.nullable(Metadata()),
    reason: z.nullable(z.string().check(z.maxLength(1024))),
    ...contentFacts(),
  }),
);
export type ExportedCheckpoint = z.infer<ReturnType<typeof ExportedCheckpoint>>;

/** The first line. */
export const Manifest = once(() =>
  z.strictObject({
    cairn: z.literal("export"),
    format: z.literal(EXPORT_FORMAT),
    pipelineId: PipelineId(),
    status: Status(),
    settings: z.required(Settings()),
    state: z.nullable(ExportedState()),
    /** Newest first. */
    checkpoints: z.array(ExportedCheckpoint()),
  }),
);
export type Manifest = z.infer<ReturnType<typeof Manifest>>;

/** The line before each content. */
export const Entry = once(() =>
  z.strictObject({
    sha256: Sha256(),
    /** How many follow. */
    bytes: z.int().check(z.minimum(0)),
    /** It was stored in parts, being too large to be in memory. */
    inParts: z.optional(z.literal(true)),
    /** Why there are none: what was stored did not verify. */
    damaged: z.optional(z.string()),
  }),
);
export type Entry = z.infer<ReturnType<typeof Entry>>;

export function lineOf(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** @param sha256 of all bytes before it, hex */
export function closingLine(sha256: string): Uint8Array {
  return lineOf({ end: true, sha256 });
}

/** Each content once, in the order that the file has them: the state's, then the checkpoints', newest first. */
export function contentOrder({ state, checkpoints }: Pick<Manifest, "state" | "checkpoints">): string[] {
  return [...new Set([...(state ? [state] : []), ...checkpoints].map(({ sha256 }) => sha256))];
}

/** Nothing of the file may be used. */
export function notWhole(problem: string, cause?: unknown): CairnError {
  return new CairnError("malformed", `The file is not a whole export: ${problem}.`, { cause });
}
