import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, Refused, type Send } from "./client.ts";
import { emptyState, type State, type Task, tasks } from "./stages.ts";

/** The right to write, and the place to go on from. */
export interface Position {
  fence: number;
  /** Of the state; 0 before the first save. */
  version: number;
  state: State;
}

export interface Saved {
  version: number;
}

interface ResumeAnswer {
  fence: number;
  version: number;
  state: State | null;
  stateUrl: string | null;
}

/** Short, for the sake of watching: a successor waits until its predecessor's lease has run out. */
export const ttlSeconds = 2;

/** The calls of Cairn that a pipeline needs, by the verb. */
export function cairn(send: Send, pipelineId: string) {
  const path = `/v1/pipelines/${pipelineId}`;

  /** Registers the pipeline where it is missing. Answers its status. */
  async function register(): Promise<string> {
    const found = await send({ method: "GET", path }).catch(orMissing);
    if (found) return JSON.parse(found.text).status;
    const policy = { strategy: "time", maxIntervalSeconds: 5 };
    const body = JSON.stringify({ kind: "demo", policy, labels: { input: "readmes" } });
    return JSON.parse((await send({ method: "PUT", path, body })).text).status;
  }

  /** Takes the lease as soon as nobody has it, and with it the newest state that verifies. */
  async function resume(owner: string, onWait: (seconds: number) => void): Promise<Position> {
    const body = JSON.stringify({ owner, ttlSeconds });
    for (;;) {
      const answer = await send({ method: "POST", path: `${path}/resume`, body }).catch(orLeaseHeld);
      if (!(answer instanceof Refused)) return position(JSON.parse(answer.text));
      onWait(answer.retryAfterSeconds);
      await sleep(answer.retryAfterSeconds * 1000);
    }
  }

  async function position({ fence, version, state, stateUrl }: ResumeAnswer): Promise<Position> {
    if (state) return { fence, version, state };
    if (!stateUrl) return { fence, version, state: emptyState() };
    return { fence, version, state: JSON.parse((await send({ method: "GET", path: stateUrl })).text) };
  }

  /** Saves over the version this process knows, and over no other. */
  async function save(task: Task, text: string, { fence, version }: Position): Promise<Saved> {
    const answer = await send({
      method: "PUT",
      path: `${path}/state?checkpoint=${task.last ? "always" : "auto"}`,
      headers: {
        ...fenced(fence),
        ...(version === 0 ? { "If-None-Match": "*" } : { "If-Match": `"${version}"` }),
        "Cairn-Task": describe(task),
      },
      body: text,
    });
    return JSON.parse(answer.text);
  }

  async function heartbeat(fence: number): Promise<void> {
    const body = JSON.stringify({ ttlSeconds });
    await send({ method: "PUT", path: `${path}/lease`, headers: fenced(fence), body });
  }

  /** The end of a pipeline ends its lease too. */
  async function complete(fence: number): Promise<void> {
    await send({ method: "PATCH", path, headers: fenced(fence), body: `{"status":"completed"}` });
  }

  return { register, resume, save, heartbeat, complete };
}

function fenced(fence: number): Record<string, string> {
  return { "Cairn-Fence": String(fence) };
}

/** A structured field (RFC 9651). */
function describe(task: Task): string {
  const progress = ((tasks.indexOf(task) + 1) / tasks.length).toFixed(2);
  return `"${task.name}"; criticality=${task.last ? 0.9 : 0.3}; progress=${progress}`;
}

function orMissing(error: unknown): null {
  if (error instanceof Refused && error.status === 404) return null;
  throw error;
}

function orLeaseHeld(error: unknown): Answer | Refused {
  if (error instanceof Refused && error.code === "lease_held") return error;
  throw error;
}
