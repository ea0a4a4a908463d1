import { Agent, type IncomingHttpHeaders, request as send } from "node:http";
import { contentOf, savedAs } from "./contents.ts";
import type { Answer, Request } from "./operations.ts";

/** What becomes of one request: an answer; certainly nothing was done; or nobody knows. */
export type Exchange = Answer | "not done" | "unknown";

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Sends a request once. */
export async function exchange(
  agent: Agent,
  port: number,
  pipelineId: string,
  request: Request,
  idempotencyKey: string,
  timeoutMs: number,
): Promise<Exchange> {
  const { method, path, headers, body } = http(request);
  const key = request.verb === "read" ? {} : { "Idempotency-Key": `"${idempotencyKey}"` };
  const url = `http://127.0.0.1:${port}/v1/pipelines/${pipelineId}${path}`;
  const options = { method, agent, headers: { ...headers, ...key }, signal: AbortSignal.timeout(timeoutMs) };
  const reply = await roundTrip(url, options, body).catch(() => null);
  return reply === null ? "unknown" : answerOf(request, reply);
}

export function keptAlive(): Agent {
  return new Agent({ keepAlive: true });
}

function http(request: Request) {
  const json = { "Content-Type": "application/json" };
  const fence = "fence" in request && request.fence !== undefined ? { "Cairn-Fence": request.fence } : {};
  switch (request.verb) {
    case "read":
      return { method: "GET", path: "/state", headers: {} };
    case "save":
      return {
        method: "PUT",
        path: "/state",
        headers: { "Content-Type": "application/octet-stream", ...condition(request.over), ...fence },
        body: contentOf(request.value),
      };
    case "take": {
      const { owner, ttlSeconds } = request;
      const body = Buffer.from(JSON.stringify({ owner, ttlSeconds }));
      return { method: "POST", path: "/lease", headers: json, body };
    }
    case "renew": {
      const body = Buffer.from(JSON.stringify({ ttlSeconds: request.ttlSeconds }));
      return { method: "PUT", path: "/lease", headers: { ...json, ...fence }, body };
    }
    case "release":
      return { method: "DELETE", path: "/lease", headers: fence };
  }
}

function condition(over: number | "absent" | undefined): Record<string, string> {
  if (over === undefined) return {};
  return over === "absent" ? { "If-None-Match": "*" } : { "If-Match": `"${over}"` };
}

function roundTrip(url: string, options: Parameters<typeof send>[1], body?: Buffer): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = send(url, options, async (message) => {
      const chunks: Buffer[] = [];
      message.on("data", (chunk) => chunks.push(chunk)).once("error", reject);
      message.once("end", () => {
        resolve({ status: message.statusCode!, headers: message.headers, body: Buffer.concat(chunks) });
      });
      message.once("close", () => reject(new Error("cut off")));
    });
    asked.once("error", reject).end(body);
  });
}

function answerOf(request: Request, reply: Reply): Exchange {
  const { status, headers, body } = reply;
  if (status < 300) return success(request, reply);
  const { code } = JSON.parse(body.toString()) as { code: string };
  switch (code) {
    case "not_found":
      return { is: "missing" };
    case "lease_held":
      return { is: "leaseHeld" };
    case "fence_lost":
      return { is: "fenceLost" };
    case "precondition_failed":
      return { is: "otherVersion", version: headers.etag === undefined ? null : versionOf(headers) };
    case "backend_unavailable":
      return "not done";
    case "outcome_unknown":
      return "unknown";
    default:
      return { is: "wrong", what: `${status} ${code}` };
  }
}

function success({ verb }: Request, { headers, body }: Reply): Answer {
  switch (verb) {
    case "read": {
      const value = savedAs(body);
      if (value === null) return { is: "wrong", what: `a content of ${body.length} bytes that nobody saved` };
      return { is: "content", version: versionOf(headers), value };
    }
    case "save":
      return { is: "saved", version: JSON.parse(body.toString()).version };
    case "take":
      return { is: "taken", fence: JSON.parse(body.toString()).fence };
    case "renew":
      return { is: "renewed" };
    case "release":
      return { is: "released" };
  }
}

function versionOf({ etag }: IncomingHttpHeaders): number {
  return Number(etag?.slice(1, -1));
}
