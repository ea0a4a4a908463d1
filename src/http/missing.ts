import type { Context } from "hono";
import { CairnError } from "../model/errors.ts";
import { discardBody } from "./body.ts";
import { problemResponse } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";
import type { Route } from "./route.ts";

/**
 * The answer where no route matched: 405 for a known path, 400 where an id is missing or made of dots, else
 * 404. The router sees a path as the runtime hands it on. workerd and raw sockets keep `/../`, most clients
 * collapse it (`/v1/pipelines/../state` arrives as `/v1/state`): both are an id that cannot be, never another
 * resource.
 */
export function answerMissing(
  routes: readonly Route[],
  maxBodyBytes: number,
): (c: Context) => Promise<Response> {
  const templates = [...new Set(routes.map((route) => route.path))];
  const collapsed = new Set(templates.map((path) => path.replace(/\/pipelines\/\{pipelineId\}\/?/, "/")));
  return async (c) => {
    await discardBody(c.req.raw, maxBodyBytes);
    const requestId = requestIdOf(c.req.raw);
    const response = judge(c.req.path, c.req.method);
    response.headers.set("X-Request-Id", requestId);
    return response;
  };

  function judge(path: string, method: string): Response {
    const segments = path.split("/");
    const template = templates.find((each) => fits(each.split("/"), segments, (id) => id !== ""));
    if (template !== undefined) return methodNotAllowed(method, methodsOf(routes, template));
    const dots = segments.some((segment) => segment === "." || segment === "..");
    const empty = templates.some((each) => fits(each.split("/"), segments, () => true));
    if (dots || empty || collapsed.has(path)) return problemResponse(noId());
    return problemResponse(
      new CairnError("not_found", "There is nothing at this path. GET /docs lists what there is."),
    );
  }
}

function fits(template: string[], segments: string[], isId: (segment: string) => boolean): boolean {
  return (
    template.length === segments.length &&
    template.every((part, i) => (part.startsWith("{") ? isId(segments[i]!) : part === segments[i]))
  );
}

function methodsOf(routes: readonly Route[], path: string): string[] {
  const methods = routes.filter((route) => route.path === path).map((route) => route.method as string);
  return methods.includes("GET") ? ["HEAD", ...methods] : methods;
}

function methodNotAllowed(method: string, allowed: string[]): Response {
  const allow = allowed.sort().join(", ");
  const detail = `${method} is not for this path. It takes ${allow}.`;
  return problemResponse(new CairnError("method_not_allowed", detail), {}, { Allow: allow });
}

function noId(): CairnError {
  return new CairnError(
    "invalid_id",
    "The path lacks an id: it is empty, or was `.` or `..`, which no id can be.",
  );
}
