import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openService } from "../../src/http/in-node.ts";
import type { RequestEvent } from "../../src/monitoring/request-event.ts";
import type { StateMetrics } from "../../src/monitoring/state-metrics.ts";
import { readPrometheus, type Sample } from "../support/prometheus-text.ts";

const script = fileURLToPath(new URL("service.ts", import.meta.url));

export interface Mixed {
  /** Of each outcome, by `operation/code`, as the clients saw it. */
  known: Map<string, number>;
  /** How long each save took that went well, as the services' logs have it (s). */
  saves: number[];
  /** What another process tells after both have ended. */
  scraped: Sample[];
  metrics: StateMetrics;
}

interface Known {
  operation: string;
  code: string;
  method: string;
  path: string;
  body?: string;
}

/** Two service processes over one store; clients who know what each of their requests came to. */
export async function mixedOperations(environment: NodeJS.ProcessEnv, requests: number): Promise<Mixed> {
  const env = { ...process.env, ...environment, CAIRN_LOG: "json" };
  const services = await Promise.all([started(env), started(env)]);
  const known = new Map<string, number>();
  const CLIENTS = 8;
  const client = async (number: number) => {
    for (let i = number; i < requests; i += CLIENTS) {
      const { operation, code, method, path, body } = requestOf(i);
      const response = await fetch(`http://127.0.0.1:${services[i % 2]!.port}${path}`, {
        method,
        ...(body !== undefined && { body, headers: { "Content-Type": "application/json" } }),
      });
      const answer = await response.text();
      const was = response.ok ? "ok" : JSON.parse(answer).code;
      if (was !== code) throw new Error(`${method} ${path} was to be ${code}: ${answer}`);
      const name = `${operation}/${code}`;
      known.set(name, (known.get(name) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  const logs = await Promise.all(services.map(({ end }) => end()));
  const third = await openService({ ...env, CAIRN_LOG: "none" });
  const asked = async (path: string) => third.app.request(`http://localhost${path}`);
  const scraped = readPrometheus(await (await asked("/metrics")).text());
  const metrics = (await (await asked("/v1/metrics")).json()) as StateMetrics;
  await third.close();
  const done = logs.flatMap((log) => log.trim().split("\n")).map((line): RequestEvent => JSON.parse(line));
  const saves = done.filter(({ operation, code }) => operation === "saveState" && code === "ok");
  return { known, saves: saves.map(({ seconds }) => seconds), scraped, metrics };
}

async function started(env: NodeJS.ProcessEnv) {
  const child = fork(script, { env, stdio: ["ignore", "pipe", "inherit", "ipc"] });
  let log = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = once(child, "exit").then(() => Promise.reject(new Error("a service did not start")));
  const [{ port }] = (await Promise.race([once(child, "message"), ended])) as [{ port: number }];
  ended.catch(() => {});
  const end = async () => {
    const ended = [once(child, "exit"), once(child.stdout!, "end")];
    child.disconnect();
    await Promise.all(ended);
    return log;
  };
  return { port, end };
}

/** What comes of it is known whatever else is done at the same time: each of these is about a pipeline of its own. */
function requestOf(i: number): Known {
  const path = `/v1/pipelines/mixed-${i}`;
  const save = { method: "PUT", path: `${path}/state`, body: `{"i":${i}}` };
  switch (i % 5) {
    case 0:
    case 1:
      return { ...save, operation: "saveState", code: "ok" };
    case 2:
      return { ...save, body: "{", operation: "saveState", code: "invalid_json" };
    case 3:
      return { method: "GET", path: `${path}/state`, operation: "loadState", code: "not_found" };
    default:
      return {
        ...{ method: "POST", path: `${path}/evaluate?colour=red`, body: "{}" },
        ...{ operation: "evaluate", code: "malformed" },
      };
  }
}
