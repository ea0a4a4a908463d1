import { once } from "../../model/once.ts";
import { present } from "../../model/present.ts";
import * as z from "../../model/zod.ts";
import { cleanup } from "../../recovery/retention/cleanup.ts";
import { pruneState } from "../../recovery/retention/prune.ts";
import { cleanupRules } from "../../state/arguments.ts";
import { json, replayed } from "../answers.ts";
import { forcedCaller } from "../force.ts";
import { writeHeaders } from "../headers.ts";
import { emptyBody, jsonBody } from "../json-body.ts";
import { flag } from "../query.ts";
import { type Route, route } from "../route.ts";
import { Pruned } from "../schemas.ts";
import { answer, force, PIPELINE, WRITE_ERRORS } from "./shared.ts";

const prune = route({
  method: "POST",
  path: `${PIPELINE}/prune`,
  operationId: "prune",
  summary: "Apply the pipeline's retention now",
  description:
    "The newest checkpoint of the state and the newest of an earlier chain are read back before anything goes, and stay. Where none verifies nothing goes. Sent again it finds nothing more to drop. `dryRun=true` tells what would go.",
  tag: "Lease and recovery",
  scope: "write",
  query: () => z.strictObject({ dryRun: flag() }),
  body: emptyBody,
  answers: { 200: answer("What went, newest first", Pruned) },
  errors: ["not_found", "pipeline_deleted", "outcome_unknown"],
  handle: async ({ core, key, query: { dryRun } }) => json(200, await pruneState(core, key, { dryRun })),
});

const Cleaned = once(() => z.object({ deleted: z.int() }).check(z.meta({ id: "Cleaned" })));

const clean = route({
  method: "POST",
  path: `${PIPELINE}/cleanup`,
  operationId: "cleanup",
  summary: "Delete old checkpoints by two rules",
  description:
    "Instead of the pipeline's retention: those beyond the newest `keepLast` (100) that are older than `olderThanSeconds` (0). What recovery rests on stays, as in a prune.",
  tag: "Lease and recovery",
  scope: "write",
  headers: writeHeaders,
  body: jsonBody(() => z.strictObject({ ...cleanupRules(), force: force() }), {
    optional: true,
    example: { keepLast: 10, olderThanSeconds: 86_400 },
  }),
  answers: { 200: answer("How many went", Cleaned, "Idempotency-Replayed") },
  errors: WRITE_ERRORS,
  async handle({ core, key, identity, headers, body }) {
    const { force, ...rules } = body.value;
    const caller = forcedCaller(identity, headers, force);
    const cleaned = await cleanup(core, key, { ...present(rules), ...caller });
    return json(200, { deleted: cleaned.deleted }, replayed(cleaned));
  },
});

export const pruneRoutes: Route[] = [prune, clean];
