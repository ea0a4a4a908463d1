import type { Params, Router } from "hono/router";

interface Entry<T> {
  method: string;
  /** Of the template, `/v1/pipelines/{pipelineId}`; null fits every path. */
  parts: string[] | null;
  handler: T;
}

/**
 * Compares a path with the templates of the routes, part by part. Hono's usual routers turn them into tables and
 * regular expressions first, which is most of what a cold start of Hono waits for; its plain ones take a path with
 * a slash at the end for the one without.
 */
export function templateRouter<T>(): Router<T> {
  const entries: Entry<T>[] = [];
  return {
    name: "template",
    add(method, path, handler) {
      entries.push({ method, parts: path === "/*" ? null : path.split("/"), handler });
    },
    match(method, path) {
      const segments = path.split("/");
      const found: [T, Params][] = [];
      for (const entry of entries) {
        if (entry.method !== method && entry.method !== "ALL") continue;
        const params = entry.parts ? paramsOf(entry.parts, segments) : {};
        if (params) found.push([entry.handler, params]);
      }
      return [found];
    },
  };
}

/** Null when the path is another; an empty segment is no parameter. */
function paramsOf(parts: readonly string[], segments: readonly string[]): Params | null {
  if (parts.length !== segments.length) return null;
  const params: Params = {};
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const segment = segments[i]!;
    if (!part.startsWith("{")) {
      if (part !== segment) return null;
    } else if (segment === "") return null;
    else params[part.slice(1, -1)] = segment;
  }
  return params;
}
