import { Owner, TtlSeconds } from "../../model/pipeline.ts";
import * as z from "../../model/zod.ts";
import { acquireLease, releaseLease, renewLease } from "../../state/lease.ts";
import { decideToSave } from "../../state/standing.ts";
import { json, nothing, replayed } from "../answers.ts";
import { callerOf, idempotencyKey, prefer, writeHeaders } from "../headers.ts";
import { emptyBody, jsonBody } from "../json-body.ts";
import { profilePreferred } from "../learned.ts";
import { type Route, route } from "../route.ts";
import { Heartbeat, LeaseGrant } from "../schemas.ts";
import { answer, PIPELINE, WRITE_ERRORS } from "./shared.ts";

const LEASE = `${PIPELINE}/lease` as const;

const acquire = route({
  method: "POST",
  path: LEASE,
  operationId: "acquireLease",
  summary: "Take the right to write",
  description: "Each grant raises the fence. While the lease lives, every write needs `Cairn-Fence`.",
  tag: "Lease and recovery",
  scope: "write",
  headers: { idempotencyKey },
  body: jsonBody(() => z.strictObject({ owner: Owner(), ttlSeconds: TtlSeconds() }), {
    example: { owner: "worker-7", ttlSeconds: 60 },
  }),
  answers: { 201: answer("The grant", LeaseGrant, "Idempotency-Replayed") },
  errors: ["not_found", "pipeline_deleted", "lease_held", "idempotency_mismatch", "outcome_unknown"],
  async handle({ core, key, headers, body }) {
    const granted = await acquireLease(core, key, { ...body.value, ...callerOf(headers) });
    return json(201, granted.lease, replayed(granted));
  },
});

const renew = route({
  method: "PUT",
  path: LEASE,
  operationId: "heartbeat",
  summary: "Heartbeat: the lease counts from now again",
  tag: "Lease and recovery",
  scope: "write",
  headers: { ...writeHeaders, prefer },
  body: jsonBody(() => z.strictObject({ ttlSeconds: z.optional(TtlSeconds()) }), {
    optional: true,
    example: { ttlSeconds: 60 },
  }),
  answers: { 200: answer("Renewed", Heartbeat, "Idempotency-Replayed", "Preference-Applied") },
  errors: WRITE_ERRORS,
  async handle({ core, key, headers, body }) {
    const renewed = await renewLease(core, key, callerOf(headers), body.value.ttlSeconds);
    const { head, result } = renewed;
    // As of the heartbeat, not of now; but a replay elsewhere may know more of the kind, and advise otherwise.
    const learned = await profilePreferred(core, key, head.kind, headers.prefer);
    const knowledge = core.kinds.atHand(key.tenant, head.kind);
    const decision = await decideToSave(core, key, head, {}, knowledge, Date.parse(result.at));
    const answer = { expiresAt: result.expiresAt, decision, ...learned.members };
    return json(200, answer, { ...learned.headers, ...replayed(renewed) });
  },
});

const release = route({
  method: "DELETE",
  path: LEASE,
  operationId: "releaseLease",
  summary: "Give the lease back",
  tag: "Lease and recovery",
  scope: "write",
  headers: writeHeaders,
  body: emptyBody,
  answers: { 204: { description: "Released", headers: ["Idempotency-Replayed"] } },
  errors: WRITE_ERRORS,
  handle: async ({ core, key, headers }) =>
    nothing(replayed(await releaseLease(core, key, callerOf(headers)))),
});

export const leaseRoutes: Route[] = [acquire, renew, release];
