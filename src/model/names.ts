import { once } from "./once.ts";
import * as z from "./zod.ts";

/** `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`, no `..`: safe in a key, a path and a query as it is. */
const NAME = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Stands for the state as it is, where a checkpoint may be named as well. */
export const CURRENT = "current";

export const PipelineId = once(() =>
  z
    .string()
    .check(
      z.regex(NAME, "1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or digit, without '..'"),
      z.meta({ id: "PipelineId", example: "nightly-2026-11-23" }),
    ),
);

export const TenantId = once(() =>
  z.string().check(z.regex(NAME, "1 to 128 of A-Z a-z 0-9 . _ -, without '..'")),
);

export const CheckpointId = once(() =>
  z
    .string()
    .check(
      z.regex(UUID, "a UUIDv7 in lowercase"),
      z.meta({ id: "CheckpointId", example: "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a" }),
    ),
);

export const UploadId = once(() =>
  z
    .string()
    .check(
      z.regex(/^[1-9][0-9]{0,14}-[0-9a-v]{20}$/, "as the service gave it"),
      z.meta({ id: "UploadId", example: "18-0f4e5d6c7b8a9g0h1i2j" }),
    ),
);

export const PartNumber = once(() =>
  z
    .string()
    .check(
      z.regex(/^(?:[1-9][0-9]{0,2}|1000)$/, "a number from 1 to 1000"),
      z.meta({ id: "PartNumber", example: "1" }),
    ),
);

export const DiffTarget = once(() =>
  z.string().check(
    z.refine((text) => text === CURRENT || UUID.test(text), `a UUIDv7 in lowercase, or '${CURRENT}'`),
    z.meta({ id: "DiffTarget", example: CURRENT, anyOf: [{ const: CURRENT }, { pattern: UUID.source }] }),
  ),
);
