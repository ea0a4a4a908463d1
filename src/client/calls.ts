import type { Profile } from "../checkpointing/profile.ts";
import type { Decision } from "../model/checkpoint.ts";
import type { Settings } from "../model/pipeline.ts";
import type { PipelineView } from "../model/pipeline-view.ts";
import type { Situation } from "../model/task.ts";
import type { Resumed } from "../state/resume.ts";
import { type RegisterOptions, type WriteOptions, writeHeaders } from "./options.ts";
import { type Outgoing, readJson, type Send } from "./send.ts";

export interface ResumeOptions {
  /** Who holds the lease from then on. */
  owner: string;
  /** 1 to 86,400. @default 60 */
  ttlSeconds?: number | undefined;
  /** Go on from this checkpoint instead of the newest recovery point. */
  checkpointId?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** The lease, and what to go on from: the state is then the current one, to be loaded. */
export interface ResumedPipeline extends Omit<Resumed, "point" | "replayed" | "kind"> {
  pipelineId: string;
  /** What was learned of the pipeline's kind. */
  profile: Profile;
}

export interface HeartbeatAnswer {
  expiresAt: string;
  decision: Decision;
  profile: Profile;
}

const LEARNED = { Prefer: "profile" };

/** Sends JSON and reads JSON. */
export async function call(
  send: Send,
  method: Outgoing["method"],
  path: string,
  {
    body,
    headers = {},
    signal,
  }: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal | undefined },
): Promise<unknown> {
  const text = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) };
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  return readJson(await send({ method, path, headers: { ...headers, ...type }, ...text, signal }));
}

export function register(
  send: Send,
  pipelineId: string,
  settings: Settings,
  { ifNoneMatch, ...options }: RegisterOptions,
): Promise<PipelineView> {
  const condition: Record<string, string> = ifNoneMatch ? { "If-None-Match": ifNoneMatch } : {};
  return put(send, pathOf(pipelineId), settings, options, condition) as Promise<PipelineView>;
}

export function get(send: Send, pipelineId: string, signal: AbortSignal | undefined): Promise<PipelineView> {
  return call(send, "GET", pathOf(pipelineId), { signal }) as Promise<PipelineView>;
}

export async function resume(
  send: Send,
  pipelineId: string,
  { ttlSeconds = 60, signal, ...asked }: ResumeOptions,
): Promise<ResumedPipeline> {
  const headers = { ...writeHeaders({}), ...LEARNED };
  const path = `${pathOf(pipelineId)}/resume`;
  const answer = await call(send, "POST", path, { body: { ttlSeconds, ...asked }, headers, signal });
  const {
    state: _state,
    stateUrl: _url,
    ...resumed
  } = answer as ResumedPipeline & Record<"state" | "stateUrl", unknown>;
  return resumed;
}

export function heartbeat(
  send: Send,
  pipelineId: string,
  { ttlSeconds, ...options }: WriteOptions & { ttlSeconds?: number | undefined },
): Promise<HeartbeatAnswer> {
  const body = ttlSeconds === undefined ? {} : { ttlSeconds };
  return put(send, `${pathOf(pipelineId)}/lease`, body, options, LEARNED) as Promise<HeartbeatAnswer>;
}

export async function finish(
  send: Send,
  pipelineId: string,
  status: "completed" | "failed" | "cancelled",
  options: WriteOptions,
): Promise<void> {
  const { signal } = options;
  await call(send, "PATCH", pathOf(pipelineId), { body: { status }, headers: writeHeaders(options), signal });
}

export function evaluate(
  send: Send,
  pipelineId: string,
  situation: Situation,
  signal: AbortSignal | undefined,
): Promise<Decision> {
  return call(send, "POST", `${pathOf(pipelineId)}/evaluate`, {
    body: situation,
    signal,
  }) as Promise<Decision>;
}

function put(
  send: Send,
  path: string,
  body: unknown,
  options: WriteOptions,
  more: Record<string, string> = {},
): Promise<unknown> {
  const headers = { ...writeHeaders(options), ...more };
  return call(send, "PUT", path, { body, headers, signal: options.signal });
}

function pathOf(pipelineId: string): string {
  return `/v1/pipelines/${pipelineId}`;
}
