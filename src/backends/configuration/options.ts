import type { ErrorItem } from "../../model/errors.ts";
import { formatPointer } from "../../model/json/pointer.ts";
import { once } from "../../model/once.ts";
import { problemsOf } from "../../model/parse.ts";
import * as z from "../../model/zod.ts";
import type { StorageBackend } from "../types.ts";
import { openInNode } from "./node.ts";

/** The stores that the library opens by name. */
export const BACKEND_TYPES = ["memory", "folder", "s3", "dynamodb", "postgres", "redis"] as const;
export type BackendType = (typeof BACKEND_TYPES)[number];

/** What each takes is in the table of the README. */
export interface BackendConfig {
  /** The largest state or checkpoint, bytes. */
  maxFileSize?: number;
  [option: string]: string | number | boolean | undefined;
}

type Opening = { maxFileSize: number | undefined; open(): Promise<StorageBackend> };

/** One way to one store: what it is told, and how it is opened. */
interface Way {
  parse(config: unknown): Opening | { errors: ErrorItem[] };
}

/** Every option has its effect, any other is refused. */
function way<S extends z.core.$ZodShape>(
  shape: () => S,
  open: (options: z.infer<z.ZodMiniObject<S>>) => Promise<StorageBackend>,
): Way {
  const limit = z.optional(z.int().check(z.minimum(1)));
  const schema = once(() => z.strictObject({ ...shape(), maxFileSize: limit }));
  return {
    parse(config) {
      const parsed = schema().safeParse(config);
      if (!parsed.success) return { errors: problemsOf(parsed.error, (path) => at(...path)) };
      const { maxFileSize, ...options } = parsed.data as { maxFileSize?: number };
      return { maxFileSize, open: () => open(options as z.infer<z.ZodMiniObject<S>>) };
    },
  };
}

const text = () => z.string().check(z.minLength(1));
const whole = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));
const seconds = () => z.exactOptional(z.number().check(z.gt(0), z.maximum(3600)));
const port = () => z.exactOptional(whole(1, 65_535));

const aws = () => ({
  region: text(),
  endpoint: z.exactOptional(z.url()),
  credentials: z.exactOptional(
    // The SDK's own have more members, of its own.
    z.object({
      accessKeyId: text(),
      secretAccessKey: text(),
      sessionToken: z.exactOptional(text()),
    }),
  ),
  timeoutSeconds: seconds(),
});

/** By type, and by `transport` where a store has several; the first of those is the default. */
const WAYS: Readonly<Record<BackendType, Way | Readonly<Record<string, Way>>>> = {
  memory: way(
    () => ({}),
    () => openInNode({ store: "memory" }),
  ),
  folder: way(
    () => ({ path: text() }),
    ({ path }) => openInNode({ store: "folder", path }),
  ),
  s3: way(
    () => ({ bucket: text(), ...aws() }),
    (options) => openInNode({ store: "s3", ...options }),
  ),
  dynamodb: way(
    () => ({
      table: text(),
      bucket: z.exactOptional(text()),
      inlineBytes: z.exactOptional(whole(0, 300_000)),
      ...aws(),
    }),
    ({ bucket, inlineBytes = 8192, ...options }) => {
      const frames = bucket === undefined ? null : { ...options, bucket };
      return openInNode({ store: "dynamodb", inlineBytes, frames, ...options });
    },
  ),
  postgres: {
    tcp: way(
      () => ({
        url: z.exactOptional(text()),
        host: z.exactOptional(text()),
        port: port(),
        db: z.exactOptional(text()),
        user: z.exactOptional(text()),
        password: z.exactOptional(z.string()),
        poolSize: z.exactOptional(whole(1, 1000)),
        maxOverflow: z.exactOptional(whole(0, 1000)),
        connectionTimeoutSeconds: seconds(),
        timeoutSeconds: seconds(),
      }),
      async ({ url, host, port, db, user, password, ...options }) => {
        const { postgresBackend } = await import("../postgres/index.ts");
        const parts = { host, port, db, user, password };
        return postgresBackend({ transport: "tcp", url: url ?? postgresUrl(parts), ...options });
      },
    ),
    neon: way(
      () => ({ url: text(), endpoint: z.exactOptional(z.url()), timeoutSeconds: seconds() }),
      async (options) =>
        (await import("../postgres/index.ts")).postgresBackend({ transport: "neon", ...options }),
    ),
    pglite: way(
      () => ({ path: z.exactOptional(text()) }),
      async (options) =>
        (await import("../postgres/index.ts")).postgresBackend({ transport: "pglite", ...options }),
    ),
  },
  redis: {
    tcp: way(
      () => ({
        url: z.exactOptional(text()),
        host: z.exactOptional(text()),
        port: port(),
        db: z.exactOptional(whole(0, 1_000_000)),
        username: z.exactOptional(text()),
        password: z.exactOptional(z.string()),
        connectionTimeoutSeconds: seconds(),
        commandTimeoutSeconds: seconds(),
      }),
      async (options) => (await import("../redis/index.ts")).redisBackend({ transport: "tcp", ...options }),
    ),
    upstash: way(
      () => ({ url: z.url(), token: text(), commandTimeoutSeconds: seconds() }),
      async (options) =>
        (await import("../redis/index.ts")).redisBackend({ transport: "upstash", ...options }),
    ),
  },
};

function at(...path: readonly string[]): string {
  return formatPointer(["backendConfig", ...path]);
}

function wrong(option: string, message: string): ErrorItem {
  return { pointer: at(option), message };
}

const URL_PARTS = ["host", "port", "db", "user", "username", "password"];

/** Checks what a store is told, and says how it is opened; or all that is wrong. */
export function parseBackend(
  type: BackendType,
  config: BackendConfig = {},
): Opening | { errors: ErrorItem[] } {
  const isObject = typeof config === "object" && config !== null && !Array.isArray(config);
  if (!isObject) return { errors: [{ pointer: "/backendConfig", message: "must be an object" }] };
  const found = WAYS[type];
  if (isWay(found)) return found.parse(config);
  const { transport = Object.keys(found)[0]!, ...options } = config;
  const chosen = Object.hasOwn(found, String(transport)) ? found[String(transport)] : undefined;
  const message = `must be one of ${Object.keys(found).join(", ")}`;
  const parts = config.url === undefined ? [] : URL_PARTS.filter((name) => config[name] !== undefined);
  const twice = parts.map((name) => wrong(name, "is a part of url already: give one of them"));
  const parsed = chosen?.parse(options) ?? { errors: [wrong("transport", message)] };
  if (twice.length === 0) return parsed;
  return { errors: [...twice, ...("errors" in parsed ? parsed.errors : [])] };
}

function isWay(found: Way | Readonly<Record<string, Way>>): found is Way {
  return typeof found.parse === "function";
}

interface PostgresParts {
  host?: string | undefined;
  port?: number | undefined;
  db?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
}

/** The host goes as a parameter: a socket's folder or an IPv6 address is none of a URL's hosts. */
function postgresUrl({
  host = "127.0.0.1",
  port = 5432,
  db,
  user = "postgres",
  password,
}: PostgresParts): string {
  const url = new URL("postgres://localhost");
  url.port = String(port);
  url.username = encodeURIComponent(user);
  if (password !== undefined) url.password = encodeURIComponent(password);
  url.pathname = encodeURIComponent(db ?? user);
  url.searchParams.set("host", host);
  return url.href;
}
