import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openService } from "../../src/http/in-node.ts";
import { readPrometheus, type Sample } from "../support/prometheus-text.ts";

const script = fileURLToPath(new URL("service.ts", import.meta.url));

export interface Mixed {
  /** Of each outcome, by `operation/code`, as the clients saw it. */
  known: Map<string, number>;
  /** What another process scrapes after both have ended. */
  scraped: Sample[];
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
  const env = { ...process.env, ...environment };
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
  await Promise.all(services.map(({ end }) => end()));
  const third = await openService(env);
  const answer = await third.app.request("http://localhost/metrics");
  await third.close();
  return { known, scraped: readPrometheus(await answer.text()) };
}

async function started(env: NodeJS.ProcessEnv) {
  const child = fork(script, { env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(child, "exit").then(() => Promise.reject(new Error("a service did not start")));
  const [{ port }] = (await Promise.race([once(child, "message"), ended])) as [{ port: number }];
  ended.catch(() => {});
  const end = async () => {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
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
