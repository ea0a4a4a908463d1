import { expect } from "vitest";
import { type Holder, tokenOf } from "./keys.ts";

/** A running service, as the suite needs it. */
export interface ContractService {
  /** Sends a request; `path` begins with a slash and goes out as it is, as far as the transport allows. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  stop?(): Promise<void>;
}

/** The fields that answers have, all in one: a test reads those that it knows are there. */
export interface Body {
  pipelineId: string;
  version: number;
  revision: number;
  bytes: number;
  storedBytes: number;
  sha256: string;
  savedAt: string;
  createdAt: string;
  updatedAt: string;
  checkpoint: Body;
  checkpointId: string;
  lastCheckpoint: Body;
  sequence: number;
  decision: Body;
  data: Body[];
  cursor: string;
  hasMore: boolean;
  fence: number;
  owner: string;
  expiresAt: string;
  attempt: number;
  status: string;
  type: string;
  eventId: string;
  at: string;
  code: string;
  detail: string;
  state: unknown;
  stateUrl: string;
  errors: { pointer: string; message: string }[];
}

export interface Answer {
  status: number;
  headers: Headers;
  bytes: Uint8Array;
  text: string;
  json(): Body;
}

export interface Extras {
  headers?: Record<string, string>;
  as?: Holder | null;
}

type Content = string | Uint8Array | ReadableStream | object | undefined;

const JSON_TYPE = { "Content-Type": "application/json" };

/** Sends requests as a holder of a key (`alice` unless said otherwise); objects go as JSON. */
export class Client {
  readonly #service: () => ContractService;

  constructor(service: () => ContractService) {
    this.#service = service;
  }

  async call(method: string, path: string, content?: Content, { headers = {}, as = "alice" }: Extras = {}) {
    const authorization = as === null ? {} : { Authorization: `Bearer ${tokenOf(as)}` };
    const { body, type } = encode(content);
    const response = await this.#service().fetch(path, {
      method,
      redirect: "manual",
      headers: { ...authorization, ...type, ...headers },
      ...(body === undefined ? {} : { body }),
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    } as RequestInit);
    return read(response);
  }

  get(path: string, extras?: Extras): Promise<Answer> {
    return this.call("GET", path, undefined, extras);
  }

  post(path: string, content?: Content, extras?: Extras): Promise<Answer> {
    return this.call("POST", path, content, extras);
  }

  put(path: string, content?: Content, extras?: Extras): Promise<Answer> {
    return this.call("PUT", path, content, extras);
  }

  patch(path: string, content?: Content, extras?: Extras): Promise<Answer> {
    return this.call("PATCH", path, content, extras);
  }

  delete(path: string, extras?: Extras): Promise<Answer> {
    return this.call("DELETE", path, undefined, extras);
  }

  /** Saves JSON text (or anything as JSON) as the state of a pipeline and expects that it worked. */
  async save(id: string, state: string | object = "{}", extras: Extras & { query?: string } = {}) {
    const text = typeof state === "string" ? state : JSON.stringify(state);
    const headers = { ...JSON_TYPE, ...extras.headers };
    const saved = await this.put(`${pipeline(id)}/state${extras.query ?? ""}`, text, { ...extras, headers });
    expect(saved.status, saved.text).toBeLessThan(300);
    return saved.json();
  }

  /** Saves with a checkpoint and answers its id. */
  async checkpoint(id: string, state?: string | object, extras: Extras = {}): Promise<string> {
    const { checkpoint } = await this.save(id, state, { ...extras, query: "?checkpoint=always" });
    return checkpoint.checkpointId;
  }

  /** Takes the lease and answers the fence. */
  async lease(id: string, owner = "worker-1", ttlSeconds = 60): Promise<number> {
    const granted = await this.post(`${pipeline(id)}/lease`, { owner, ttlSeconds });
    expect(granted.status, granted.text).toBe(201);
    return granted.json().fence;
  }
}

function encode(content: Content): { body?: BodyInit; type?: Record<string, string> } {
  if (content === undefined) return {};
  if (typeof content === "string" || content instanceof ReadableStream) return { body: content };
  if (content instanceof Uint8Array) return { body: content as Uint8Array<ArrayBuffer> };
  return { body: JSON.stringify(content), type: JSON_TYPE };
}

async function read(response: Response): Promise<Answer> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  const { status, headers } = response;
  return { status, headers, bytes, text, json: () => JSON.parse(text) };
}

export function pipeline(id: string): string {
  return `/v1/pipelines/${id}`;
}

let made = 0;

/** A pipeline id that nobody has used. */
export function newId(name = "p"): string {
  made += 1;
  return `${name}-${made}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Expects a problem as RFC 9457 and the contract have it, and answers its body. */
export function expectProblem(answer: Answer, status: number, code: string): Body {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  const body = answer.json();
  expect(body).toMatchObject({ status, code, type: `/docs#${code}` });
  expect(Object.keys(body).filter((name) => name !== "errors")).toEqual([
    "type",
    "title",
    "status",
    "detail",
    "code",
  ]);
  return body;
}

/** As `JSON_TYPE`: for bodies whose text matters. */
export const asJson: Extras = { headers: JSON_TYPE };

export function withHeaders(headers: Record<string, string>): Extras {
  return { headers: { ...JSON_TYPE, ...headers } };
}
