import * as z from "../../model/zod.ts";
import { pruneState } from "../../recovery/retention/prune.ts";
import { json } from "../answers.ts";
import { emptyBody } from "../json-body.ts";
import { flag } from "../query.ts";
import { type Route, route } from "../route.ts";
import { Pruned } from "../schemas.ts";
import { answer, PIPELINE } from "./shared.ts";

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

export const pruneRoutes: Route[] = [prune];
