import { learnedOf, resetProfile } from "../../state/profiles.ts";
import { json, nothing } from "../answers.ts";
import { emptyBody } from "../json-body.ts";
import { type Route, route } from "../route.ts";
import { LearnedProfile } from "../schemas.ts";
import { answer } from "./shared.ts";

const PROFILE = "/v1/profiles/{kind}" as const;

const show = route({
  method: "GET",
  path: PROFILE,
  operationId: "getProfile",
  summary: "What was learned of a kind of pipelines",
  description:
    "How long machines live, what checkpoints and recoveries take: what adaptive checkpointing decides by. A kind of which nothing is known is answered as such.",
  tag: "Checkpoints",
  scope: "read",
  answers: { 200: answer("What is known", LearnedProfile) },
  handle: async ({ core, key, params }) => json(200, await learnedOf(core, key.tenant, params.kind)),
});

const reset = route({
  method: "DELETE",
  path: PROFILE,
  operationId: "resetProfile",
  summary: "Forget what was learned of a kind",
  tag: "Checkpoints",
  scope: "admin",
  body: emptyBody,
  answers: { 204: { description: "Forgotten" } },
  async handle({ core, key, params }) {
    await resetProfile(core, key.tenant, params.kind);
    return nothing();
  },
});

export const profileRoutes: Route[] = [show, reset];
