import { CairnClientError, CairnHttpError } from "../../src/client/errors.ts";
import { type Answer, createSend, type Outgoing } from "../../src/client/send.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import type { Process } from "./cluster.ts";
import type { Intent } from "./intents.ts";
import { judge, seenAt } from "./judge.ts";
import { type LightResponse, lightRequest } from "./light-http.ts";
import { nameOf } from "./line.ts";
import type { Run } from "./run.ts";
import { type Attempt, contexts } from "./world.ts";

export interface Request {
  /** What kind of call it is, for the judge. */
  verb: string;
  key: PipelineKey;
  method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  /** After the pipeline's own path; or with a `/` first the whole path. */
  path: string;
  body?: Uint8Array | object;
  headers?: Record<string, string>;
  fence?: number | undefined;
  /** A write has one, and keeps it when it is sent again. */
  idempotencyKey?: string;
  intent?: Intent;
  /** Of a fork: what it is made from. */
  source?: PipelineKey;
}

export type Outcome =
  | { ok: true; headers: Headers; bytes: Uint8Array; version: number | null }
  /** `status` 0: no answer came. */
  | { ok: false; status: number; code: string; version: number | null };

const text = new TextEncoder();
/** Made once: a stack is most of what an error costs. */
const TIMED_OUT = new Error("timeout");

/**
 * Sends a request as the SDK does: again with the same key when no answer came or one that will pass. Each answer on
 * the way is held against what the store did.
 */
export async function exchange(run: Run, request: Request): Promise<Outcome> {
  const { tenant } = request.key;
  if (request.intent) run.recorder.intents.set(request.idempotencyKey!, request.intent);
  const send = createSend({
    url: "https://service",
    headers: { Authorization: `Bearer key-of-${tenant}` },
    fetch: ((url: string, init: RequestInit) => fetchOnce(run, request, url, init)) as typeof fetch,
    timeoutSeconds: 10,
  });
  try {
    return told(await send(outgoing(request)));
  } catch (error) {
    if (error instanceof CairnHttpError)
      return { ok: false, status: error.status, code: error.code, version: error.version };
    if (error instanceof CairnClientError) return { ok: false, status: 0, code: error.code, version: null };
    throw error;
  }
}

function told({ headers, bytes }: Answer): Outcome {
  const tag = headers.get("ETag");
  return { ok: true, headers, bytes, version: tag ? Number(tag.slice(1, -1)) : null };
}

function outgoing({ key, method, path, body, headers, fence, idempotencyKey }: Request): Outgoing {
  const json = body !== undefined && !(body instanceof Uint8Array);
  return {
    method: method as Outgoing["method"],
    path: path.startsWith("/v1") ? path : `/v1/pipelines/${key.pipelineId}${path}`,
    headers: {
      ...(json ? { "Content-Type": "application/json" } : {}),
      ...(fence === undefined ? {} : { "Cairn-Fence": String(fence) }),
      ...(idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { body: (json ? text.encode(JSON.stringify(body)) : body) as Uint8Array<ArrayBuffer> }),
  };
}

/** One attempt, to any process, over a network that loses things. */
function fetchOnce(run: Run, request: Request, url: string, init: RequestInit): Promise<Response> {
  const { world, weather, cluster } = run;
  const client = contexts.getStore()!;
  const process = cluster.any();
  const attempt: Attempt = { calls: 0, last: 0, faults: 0, refusals: 0 };
  world.requests++;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  init.signal?.addEventListener("abort", () => reject(TIMED_OUT));
  const trip = () => world.now + world.random.int(2, 60);
  world.log(
    () =>
      `${client.actor.name} → ${process.name} ${nameOf(request.key)} ${request.verb} ${request.idempotencyKey ?? ""}`,
  );
  if (world.random.chance(weather.requestLost)) return promise;
  world.at(trip(), { world, actor: process, attempt }, () => {
    const seen = seenAt(run, request.key);
    void handle(process, url, init).then(
      (answer) => {
        judge(run, request, { answer, attempt, seen });
        log(run, client.actor.name, process, request, answer);
        if (world.random.chance(weather.answerLost)) return;
        world.at(trip(), client, () => resolve(answer as unknown as Response));
      },
      (error: unknown) => world.broken(error),
    );
  });
  return promise;
}

async function handle({ app }: Process, url: string, init: RequestInit): Promise<LightResponse> {
  const body = init.body as unknown as Uint8Array | undefined;
  const { method, headers } = init as { method: string; headers: Record<string, string> };
  const request = lightRequest(url, { method, headers, ...(body ? { body } : {}) });
  return (await app.fetch(request)) as unknown as LightResponse;
}

function log(
  { world }: Run,
  client: string,
  process: Process,
  request: Request,
  answer: LightResponse,
): void {
  world.log(() => {
    const { status, headers, bytes } = answer;
    const facts = [headers.get("ETag"), headers.has("Idempotency-Replayed") ? "replayed" : null];
    const said = new TextDecoder().decode(bytes);
    return world.named(
      `${client} ← ${process.name} ${nameOf(request.key)} ${request.verb} ${request.idempotencyKey ?? ""}: ${status} ${facts.filter(Boolean).join(" ")} ${said}`,
    );
  });
}
