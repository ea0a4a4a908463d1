import { WRITES_KEPT } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import type { Request } from "./exchange.ts";
import { sameBytes, textOf } from "./intents.ts";
import type { LightResponse } from "./light-http.ts";
import { type Landed, type Line, nameOf } from "./line.ts";
import type { Run } from "./run.ts";
import type { Attempt } from "./world.ts";

/** What there was when a request began to be handled. */
export interface Seen {
  version: number;
  life: number;
  calls: number;
}

export interface Given {
  answer: LightResponse;
  attempt: Attempt;
  seen: Seen;
}

type Facts = Record<string, unknown> & { code?: string; version?: number; fence?: number };
type Judged = Given & { request: Request; line: Line; landed: Landed | undefined; body: Facts };

export function seenAt({ recorder, world }: Run, key: PipelineKey): Seen {
  const { head, life } = recorder.line(key);
  return { version: head?.version ?? 0, life, calls: world.calls };
}

/** Holds one answer, as it leaves the service, against what the store has applied. */
export function judge(run: Run, request: Request, given: Given): void {
  const line = run.recorder.line(request.key);
  const landed = request.idempotencyKey === undefined ? undefined : line.landed.get(request.idempotencyKey);
  const { status } = given.answer;
  // What is read may be anything, and is compared as bytes.
  const told = status >= 300 || request.method !== "GET" || request.verb === "list";
  const judged: Judged = { ...given, request, line, landed, body: told ? bodyOf(given.answer) : {} };
  const check = status < 300 ? (request.method === "GET" ? checkRead : checkWritten) : checkRefused;
  const problem = check(run, judged);
  if (!problem) return;
  const { invariant, message } = problem;
  const name = `${nameOf(request.key)} ${request.verb} ${request.idempotencyKey ?? ""}`;
  run.world.violate(invariant, `${name}: ${status} ${judged.body.code ?? ""}: ${message}`);
}

type Problem = { invariant: number; message: string } | null;
const bad = (invariant: number, message: string): Problem => ({ invariant, message });

function bodyOf({ headers, bytes }: LightResponse): Facts {
  const isJson = headers.get("Content-Type")?.includes("json") && bytes.length > 0;
  const parsed: unknown = isJson ? JSON.parse(textOf(bytes)) : {};
  return typeof parsed === "object" && parsed !== null ? (parsed as Facts) : {};
}

/** Nobody is told of a write that is not in the store, or of another than his own. */
function checkWritten(run: Run, judged: Judged): Problem {
  const { request, landed, body, line, attempt, answer, seen } = judged;
  if (request.idempotencyKey === undefined) return checkClaims(run, judged);
  if (!landed) return bad(1, "acknowledged, but the store has not applied it");
  const { result } = landed;
  if (body.fence !== undefined && GRANTS.includes(request.verb)) {
    if (body.fence !== result.fence) return bad(4, `told fence ${body.fence}, granted ${result.fence}`);
    const grant = checkGrant(line, result.fence, request.idempotencyKey);
    if (grant) return grant;
  }
  const told = checkResult(request.verb, body, landed);
  if (told) return told;
  if (request.verb === "resume" && body.state !== null && body.state !== undefined)
    return checkState(line, body);
  const replayed = answer.headers.has("Idempotency-Replayed");
  // One whose own answer from the store was lost takes what it reads back for its own.
  if (landed.call <= seen.calls && !replayed && attempt.faults === 0)
    return bad(4, "a replay that does not say so");
  return replayed ? null : checkCost(attempt, request);
}

const GRANTS = ["lease", "resume"];
const TELLS_VERSION = ["save", "delta", "patch", "merge", "checkpoint", "resume", "rollback", "recover"];

/** An answer tells what the write did, the first time and every time. */
function checkResult(verb: string, body: Facts, { result }: Landed): Problem {
  if (!TELLS_VERSION.includes(verb)) return null;
  if (body.version !== result.version)
    return bad(4, `told version ${body.version}, written ${result.version}`);
  const { sha256, savedAt, createdAt = savedAt } = body;
  if (sha256 !== undefined && sha256 !== result.content?.sha256) return bad(4, "told another digest");
  return createdAt === undefined || createdAt === result.at ? null : bad(4, "told another time");
}

function checkState(line: Line, { version, state }: Facts): Problem {
  const content = line.versions.get(version!);
  if (!content) return bad(5, `version ${version} was never written`);
  const same = JSON.stringify(JSON.parse(textOf(content.bytes))) === JSON.stringify(state);
  return same ? null : bad(5, `another state than that of version ${version}`);
}

/** Each pipeline goes to one claimer. */
function checkClaims({ recorder }: Run, { request, body }: Judged): Problem {
  if (request.verb !== "claim") return null;
  for (const claimed of body.data as { pipelineId: string; fence: number; owner: string }[]) {
    const line = recorder.line({ tenant: request.key.tenant, pipelineId: claimed.pipelineId });
    if (!line.head) return bad(10, `${claimed.pipelineId} is none of this tenant's`);
    const problem = checkGrant(line, claimed.fence, claimed.owner);
    if (problem) return problem;
  }
  return null;
}

function checkGrant(line: Line, fence: number, to: string): Problem {
  const known = line.grants.get(fence);
  if (known !== undefined && known !== to) return bad(8, `fence ${fence} was given to ${known} and to ${to}`);
  line.grants.set(fence, to);
  const granted = [...line.landed.values()].some(({ result }) => result.fence === fence);
  return granted ? null : bad(1, `fence ${fence} was never granted`);
}

/** One round trip for what needs to know nothing, or says what it expects. */
function checkCost({ calls, faults, refusals }: Attempt, { verb, headers, intent, path }: Request): Problem {
  const warm = ["heartbeat", "lease", "release", "checkpoint", "finish"].includes(verb) && !intent;
  // What the policy is to decide about, it must know.
  const decided = !path.endsWith("checkpoint=auto");
  const insisting = verb === "save" && headers?.["If-Match"] !== undefined && decided;
  if (!(warm || insisting) || faults > 0 || refusals > 0 || calls === 1) return null;
  return bad(6, `${calls} calls of the store`);
}

/** What is read is what was written, and not older than what was there when it was asked for. */
function checkRead({ recorder }: Run, { request, answer, line, seen, body }: Judged): Problem {
  const { verb } = request;
  if (verb === "list") {
    const ids = (body.data as { pipelineId: string }[]).map(({ pipelineId }) => pipelineId);
    const foreign = ids.find((pipelineId) => !recorder.line({ ...request.key, pipelineId }).head);
    return foreign === undefined ? null : bad(10, `${foreign} is none of this tenant's`);
  }
  if (verb === "readCheckpoint") {
    const id = request.path.split("/").at(-2)!;
    const content = line.checkpoints.get(id);
    return content && sameBytes(content.bytes, answer.bytes) ? null : bad(5, "not the checkpoint's bytes");
  }
  if (verb !== "read") return null;
  const version = Number(answer.headers.get("ETag")!.slice(1, -1));
  if (seen.life === line.life && version < seen.version)
    return bad(2, `version ${version}, when ${seen.version} was there before`);
  const content = line.versions.get(version);
  if (!content) return bad(5, `version ${version} was never written`);
  if (answer.headers.get("Content-Type") !== content.contentType) return bad(5, "another content type");
  return sameBytes(content.bytes, answer.bytes) ? null : bad(5, `other bytes than version ${version} has`);
}

/** A refusal is true: what is refused has not landed, and what is unreadable was damaged. */
function checkRefused(run: Run, judged: Judged): Problem {
  const { answer, line, landed, attempt, seen, body } = judged;
  const { status } = answer;
  const { code } = body;
  if (status === 500) return bad(4, textOf(answer.bytes));
  if ([400, 401, 403, 405, 413, 415].includes(status)) return bad(0, textOf(answer.bytes));
  if (code === "unsupported_format" || code === "unrecoverable") return checkUnreadable(run, judged);
  if (!landed || landed.call > attempt.last || landed.life !== line.life || seen.life !== line.life)
    return null;
  // Another with the same key may land it while this one is on its way.
  const own = landed.by === attempt;
  if (!own && landed.call > seen.calls) return null;
  // Of what an earlier request has done a 503 says nothing; of its own, that it is not known.
  if (status === 503 && (code !== "backend_unavailable" || !own)) return null;
  if (line.commits - landed.place >= WRITES_KEPT) return null;
  return bad(4, "but it has landed");
}

function checkUnreadable({ recorder }: Run, { request, line, body: { code } }: Judged): Problem {
  const lines = [line, ...(request.source ? [recorder.line(request.source)] : [])];
  const later = lines.some((each) => each.later);
  if (code === "unsupported_format") return later ? null : bad(11, "nothing is of a later format");
  // Without an earlier checkpoint there is nothing to go back to.
  const nothing = ["rollback", "recover"].includes(request.verb);
  if (nothing || lines.some(({ damaged }) => damaged.size > 0)) return null;
  return later ? bad(11, "a later format was taken for damage") : bad(9, "nothing was damaged");
}
