import type { ErrorCode } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import { once } from "../model/once.ts";
import type * as z from "../model/zod.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import type { Core } from "../state/core.ts";
import type { Identity, Scope } from "./auth.ts";
import type { HeaderSpec } from "./headers.ts";

export type Method = "GET" | "PUT" | "PATCH" | "POST" | "DELETE";

export interface MediaSpec {
  schema?: () => z.ZodMiniType;
  example?: unknown;
}

/** A request body: how the contract describes it, and how it is read. */
export interface BodySpec<B> {
  required: boolean;
  /** By media type. */
  content: Readonly<Record<string, MediaSpec>>;
  /** What reading it may be refused with, beside what all bodies are. */
  errors?: readonly ErrorCode[];
  /** @throws CairnError for a body that is not as described */
  read(request: Request, maxBytes: number): Promise<B>;
}

export interface AnswerSpec {
  description: string;
  /** By media type; absent: no body. */
  content?: Readonly<Record<string, MediaSpec>>;
  headers?: readonly string[];
}

type HeaderSpecs = Readonly<Record<string, HeaderSpec<unknown>>>;
type Parsed<H> = { [K in keyof H]: H[K] extends HeaderSpec<infer T> ? T : never };
type Params<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: string } & Params<Rest>
  : unknown;

/** What a handler gets: everything checked, nothing left to parse. */
export interface Call<P extends string, Q, H, B> {
  core: Core;
  identity: Identity;
  /** The pipeline in the path. */
  key: PipelineKey;
  params: Params<P>;
  query: Q;
  headers: Parsed<H>;
  body: B;
  maxBodyBytes: number;
  /** Runs the scheduled function. */
  sweep(): Promise<SweepSummary>;
  /** The service's own description: OpenAPI 3.1. */
  document(): object;
}

/** One operation: what the router, the validation, the 405 table and the OpenAPI document are made from. */
export interface RouteSpec<P extends string, Q extends z.ZodMiniObject, H extends HeaderSpecs, B> {
  method: Method;
  path: P;
  operationId: string;
  summary: string;
  description?: string;
  tag: string;
  /** What the key must be allowed; null: no key is asked for. */
  scope: Scope | null;
  query?: () => Q;
  headers?: H;
  body?: BodySpec<B>;
  /** By status. */
  answers: Readonly<Record<number, AnswerSpec>>;
  /** Those it may answer beside those that follow from its parts. */
  errors?: readonly ErrorCode[];
  handle(call: Call<P, z.output<Q>, H, B>): Promise<Response> | Response;
}

/** A route with its types forgotten: what a registry holds. */
export type Route = Omit<RouteSpec<string, z.ZodMiniObject, HeaderSpecs, unknown>, "handle"> & {
  handle(call: unknown): Promise<Response> | Response;
};

/** Defines a route. Its handler's call is typed by the path, the schemas and the headers given. */
export function route<
  const P extends string,
  Q extends z.ZodMiniObject = z.ZodMiniObject<Record<never, never>>,
  H extends HeaderSpecs = Record<never, never>,
  B = undefined,
>(spec: RouteSpec<P, Q, H, B>): Route {
  return { ...spec, ...(spec.query && { query: once(spec.query) }) } as unknown as Route;
}
