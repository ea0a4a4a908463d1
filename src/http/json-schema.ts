import { CheckpointId, DiffTarget, PartNumber, PipelineId, UploadId } from "../model/names.ts";
import { Kind } from "../model/pipeline.ts";
import * as z from "../model/zod.ts";

/** A JSON Schema of draft 2020-12, as far as zod makes it. */
export type JsonSchema = { [keyword: string]: unknown };

/** Turns zod schemas into JSON Schema; those with an id become components, named once. */
export interface SchemaBook {
  schemas: Record<string, JsonSchema>;
  of(schema: z.ZodMiniType): JsonSchema;
  /** The schema of a path parameter. */
  named(parameter: string): JsonSchema;
}

const PARAMETERS: Readonly<Record<string, () => z.ZodMiniType>> = {
  pipelineId: PipelineId,
  checkpointId: CheckpointId,
  diffTarget: DiffTarget,
  uploadId: UploadId,
  partNumber: PartNumber,
  kind: Kind,
};

export function schemaBook(): SchemaBook {
  const schemas: Record<string, JsonSchema> = {};
  const of = (schema: z.ZodMiniType): JsonSchema => {
    const { $schema: _dialect, $defs, ...rest } = convert(schema);
    Object.assign(schemas, $defs);
    return rest;
  };
  return { schemas, of, named: (parameter) => of(PARAMETERS[parameter]?.() ?? z.string()) };
}

/** `io: "input"` for answers as well: what later releases add to them must not break a client that checks. */
function convert(schema: z.ZodMiniType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // The format says it; the pattern is 200 characters of leap years.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
      // What every integer of JavaScript is.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const text = JSON.stringify(made)
    .replaceAll('"#/$defs/', '"#/components/schemas/')
    .replaceAll("__schema0", "Json");
  const converted = JSON.parse(text);
  // What it is in full names itself, which generators of clients stumble over.
  if (converted.$defs?.Json) converted.$defs.Json = { description: "Any JSON." };
  return converted;
}
