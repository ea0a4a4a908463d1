import type { ErrorItem } from "../../model/errors.ts";
import type { S3Location } from "../object/s3-client.ts";
import { Given as GivenVariables } from "./given.ts";

/** The variables that say which store is used and where it is, as text. */
export interface StoreVariables {
  /** `object`, `dynamodb`, `postgres`, `redis`, or in Node `memory`. @default "object" */
  CAIRN_BACKEND?: string;
  /** R2's pause between two writes of one key, seconds. @default 1 */
  CAIRN_R2_MIN_COMMIT_SECONDS?: string;
  /** Objects, or the large frames of `dynamodb`. */
  CAIRN_S3_BUCKET?: string;
  /** @default AWS_REGION */
  CAIRN_S3_REGION?: string;
  /** For R2's S3 API, MinIO and the like. */
  CAIRN_S3_ENDPOINT?: string;
  CAIRN_DYNAMO_TABLE?: string;
  CAIRN_DYNAMO_ENDPOINT?: string;
  /** Bytes of frames that the item carries. @default 8192 */
  CAIRN_DYNAMO_INLINE_BYTES?: string;
  AWS_REGION?: string;
  AWS_ACCESS_KEY_ID?: string;
  AWS_SECRET_ACCESS_KEY?: string;
  AWS_SESSION_TOKEN?: string;
  DATABASE_URL?: string;
  /** How Postgres is reached from Node: `tcp` or `neon` (HTTP). Workers have `neon` only. @default "tcp" */
  CAIRN_POSTGRES_TRANSPORT?: string;
  /** Where Neon's HTTP requests go, when not to where the host of DATABASE_URL says. */
  CAIRN_NEON_ENDPOINT?: string;
  UPSTASH_REDIS_REST_URL?: string;
  UPSTASH_REDIS_REST_TOKEN?: string;
  /** Node only. */
  REDIS_URL?: string;
  /** Node only: the folder of `object`, where no bucket is named. */
  CAIRN_DATA?: string;
}

/** Where the service runs: a Worker has bindings and HTTP, Node has sockets and a disk. */
export type Platform = "worker" | "node";

/** Which store, and how to reach it. */
export type StoreSettings =
  | { store: "memory" }
  | { store: "folder"; path: string }
  | { store: "r2"; minWriteSeconds: number }
  | ({ store: "s3" } & S3Location)
  | {
      store: "dynamodb";
      table: string;
      region: string;
      endpoint?: string;
      inlineBytes: number;
      frames: S3Location | null;
    }
  | { store: "postgres"; transport: "tcp" | "neon"; url: string; endpoint?: string }
  | { store: "redis"; transport: "tcp"; url: string }
  | { store: "redis"; transport: "upstash"; url: string; token: string };

const HTTP = ["https", "http"];

type Given = GivenVariables<StoreVariables>;

const BACKENDS: Readonly<Record<Platform, readonly string[]>> = {
  worker: ["object", "postgres", "redis"],
  node: ["object", "dynamodb", "postgres", "redis", "memory"],
};

/**
 * The store that the variables name, or all that is wrong with them.
 *
 * @param bucket whether the Worker has an R2 bucket bound
 */
export function parseStore(
  variables: StoreVariables,
  platform: Platform,
  bucket = false,
): { store: StoreSettings } | { errors: ErrorItem[] } {
  const backend = variables.CAIRN_BACKEND || "object";
  if (!BACKENDS[platform].includes(backend)) {
    const message = `"${backend}" is none of ${BACKENDS[platform].join(", ")}`;
    return { errors: [{ pointer: "CAIRN_BACKEND", message }] };
  }
  const given: Given = new GivenVariables(variables);
  const store = read(backend, given, platform, bucket);
  return given.errors.length > 0 || !store ? { errors: given.errors } : { store };
}

function read(backend: string, given: Given, platform: Platform, bucket: boolean): StoreSettings | undefined {
  switch (backend) {
    case "memory":
      return { store: "memory" };
    case "postgres":
      return postgres(given, platform);
    case "redis":
      return redis(given, platform);
    case "dynamodb":
      return dynamodb(given);
    default:
      return object(given, platform, bucket);
  }
}

function object(given: Given, platform: Platform, bucket: boolean): StoreSettings | undefined {
  if (given.has("CAIRN_S3_BUCKET")) return { store: "s3", ...s3(given, platform) };
  if (platform === "node") return { store: "folder", path: given.text("CAIRN_DATA") };
  if (bucket) return { store: "r2", minWriteSeconds: given.number("CAIRN_R2_MIN_COMMIT_SECONDS", 1, 0, 60) };
  return given.refuse("CAIRN_BUCKET", "bind an R2 bucket under this name, or name one in CAIRN_S3_BUCKET");
}

function s3(given: Given, platform: Platform): S3Location {
  const region = given.has("CAIRN_S3_REGION") ? "CAIRN_S3_REGION" : "AWS_REGION";
  return {
    bucket: given.text("CAIRN_S3_BUCKET"),
    region: given.text(region, "or CAIRN_S3_REGION"),
    ...(given.has("CAIRN_S3_ENDPOINT") && { endpoint: given.url("CAIRN_S3_ENDPOINT", HTTP) }),
    ...credentials(given, platform),
  };
}

/** Node's SDK finds credentials by itself, a Worker has only what it is given. */
function credentials(given: Given, platform: Platform): Pick<S3Location, "credentials"> {
  if (platform === "node") return {};
  const accessKeyId = given.text("AWS_ACCESS_KEY_ID");
  const secretAccessKey = given.text("AWS_SECRET_ACCESS_KEY");
  const session = given.has("AWS_SESSION_TOKEN") && { sessionToken: given.text("AWS_SESSION_TOKEN") };
  return { credentials: { accessKeyId, secretAccessKey, ...session } };
}

function dynamodb(given: Given): StoreSettings {
  return {
    store: "dynamodb",
    table: given.text("CAIRN_DYNAMO_TABLE"),
    region: given.text("AWS_REGION"),
    ...(given.has("CAIRN_DYNAMO_ENDPOINT") && {
      endpoint: given.url("CAIRN_DYNAMO_ENDPOINT", HTTP),
    }),
    inlineBytes: given.whole("CAIRN_DYNAMO_INLINE_BYTES", 8192, 0, 300_000),
    frames: given.has("CAIRN_S3_BUCKET") ? s3(given, "node") : null,
  };
}

function postgres(given: Given, platform: Platform): StoreSettings {
  const transport = given.choice(
    "CAIRN_POSTGRES_TRANSPORT",
    platform === "worker" ? ["neon"] : ["tcp", "neon"],
  );
  const url = given.url("DATABASE_URL", ["postgres", "postgresql"]);
  if (!given.has("CAIRN_NEON_ENDPOINT")) return { store: "postgres", transport, url };
  if (transport === "tcp") given.refuse("CAIRN_NEON_ENDPOINT", "is only for CAIRN_POSTGRES_TRANSPORT=neon");
  return { store: "postgres", transport, url, endpoint: given.url("CAIRN_NEON_ENDPOINT", HTTP) };
}

function redis(given: Given, platform: Platform): StoreSettings | undefined {
  const tcp = given.has("REDIS_URL");
  if (tcp && platform === "worker")
    return given.refuse(
      "REDIS_URL",
      "a Worker cannot speak to Redis over TCP: it needs UPSTASH_REDIS_REST_URL",
    );
  if (tcp && (given.has("UPSTASH_REDIS_REST_URL") || given.has("UPSTASH_REDIS_REST_TOKEN")))
    return given.refuse("REDIS_URL", "give this or UPSTASH_REDIS_REST_URL and _TOKEN, not both");
  if (tcp) return { store: "redis", transport: "tcp", url: given.url("REDIS_URL", ["redis", "rediss"]) };
  const url = given.url("UPSTASH_REDIS_REST_URL", HTTP, platform === "node" ? "or REDIS_URL" : "");
  return { store: "redis", transport: "upstash", url, token: given.text("UPSTASH_REDIS_REST_TOKEN") };
}
