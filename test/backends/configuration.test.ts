import { describe, expect, test } from "vitest";
import { parseStore, type StoreVariables } from "../../src/backends/configuration/variables.ts";

const DATABASE_URL = "postgres://me:secret@db.example.com/cairn";
const AWS = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret" };
const UPSTASH = { UPSTASH_REDIS_REST_URL: "https://x.upstash.io", UPSTASH_REDIS_REST_TOKEN: "secret" };

/** The store of a platform, or the pointers of what is wrong. */
function parse(
  variables: StoreVariables,
  platform: "worker" | "node" = "node",
  bucket = "CAIRN_R2_MIN_COMMIT_SECONDS" in variables,
) {
  const parsed = parseStore(variables, platform, bucket);
  if ("store" in parsed) return parsed.store;
  expect(JSON.stringify(parsed.errors)).not.toContain("secret");
  return parsed.errors.map(({ pointer }) => pointer);
}

describe("the store that the variables name", () => {
  test("object: the bound bucket, a bucket on S3, or in Node a folder", () => {
    expect(parse({}, "worker", true)).toEqual({ store: "r2", minWriteSeconds: 1 });
    expect(parse({ CAIRN_R2_MIN_COMMIT_SECONDS: "0" }, "worker", true)).toMatchObject({ minWriteSeconds: 0 });
    expect(parse({ CAIRN_DATA: "/data" })).toEqual({ store: "folder", path: "/data" });
    const s3 = { store: "s3", bucket: "b", region: "eu-west-1" };
    expect(parse({ CAIRN_S3_BUCKET: "b", ...AWS })).toEqual(s3);
    const credentials = { accessKeyId: "AKIA", secretAccessKey: "secret" };
    expect(parse({ CAIRN_S3_BUCKET: "b", ...AWS }, "worker")).toEqual({ ...s3, credentials });
    const r2 = { CAIRN_S3_REGION: "auto", CAIRN_S3_ENDPOINT: "https://a.r2.cloudflarestorage.com" };
    expect(parse({ CAIRN_S3_BUCKET: "b", ...r2 })).toMatchObject({ region: "auto" });
  });

  test("postgres: Neon's HTTP in a Worker, TCP in Node unless said otherwise", () => {
    const on = { CAIRN_BACKEND: "postgres", DATABASE_URL };
    const store = { store: "postgres", url: DATABASE_URL };
    expect(parse(on)).toEqual({ ...store, transport: "tcp" });
    expect(parse(on, "worker")).toEqual({ ...store, transport: "neon" });
    expect(parse({ ...on, CAIRN_POSTGRES_TRANSPORT: "neon" })).toEqual({ ...store, transport: "neon" });
  });

  test("redis: Upstash's REST, or TCP in Node", () => {
    const upstash = { store: "redis", transport: "upstash", url: "https://x.upstash.io", token: "secret" };
    expect(parse({ CAIRN_BACKEND: "redis", ...UPSTASH }, "worker")).toEqual(upstash);
    expect(parse({ CAIRN_BACKEND: "redis", ...UPSTASH })).toEqual(upstash);
    const url = "rediss://:secret@r.example.com:6380/1";
    expect(parse({ CAIRN_BACKEND: "redis", REDIS_URL: url })).toEqual({
      store: "redis",
      transport: "tcp",
      url,
    });
  });

  test("dynamodb: with its frames on S3 where a bucket is named", () => {
    const on = { CAIRN_BACKEND: "dynamodb", CAIRN_DYNAMO_TABLE: "t", ...AWS };
    const store = { store: "dynamodb", table: "t", region: "eu-west-1", inlineBytes: 8192 };
    expect(parse(on)).toEqual({ ...store, frames: null });
    const frames = { bucket: "b", region: "eu-west-1" };
    expect(parse({ ...on, CAIRN_S3_BUCKET: "b" })).toEqual({ ...store, frames });
  });
});

describe("what is wrong is told by name, all of it at once, and never with a value that may be secret", () => {
  test.each<[string[], StoreVariables, "worker" | "node"]>([
    [["CAIRN_BACKEND"], { CAIRN_BACKEND: "mysql" }, "node"],
    [["CAIRN_BACKEND"], { CAIRN_BACKEND: "dynamodb" }, "worker"],
    [["CAIRN_BUCKET"], {}, "worker"],
    [["CAIRN_R2_MIN_COMMIT_SECONDS"], { CAIRN_R2_MIN_COMMIT_SECONDS: " " }, "worker"],
    [["DATABASE_URL"], { CAIRN_BACKEND: "postgres", DATABASE_URL: "postgres://" }, "node"],
    [
      ["CAIRN_NEON_ENDPOINT"],
      { CAIRN_BACKEND: "postgres", DATABASE_URL, CAIRN_NEON_ENDPOINT: "https://n" },
      "node",
    ],
    [
      ["REDIS_URL"],
      { CAIRN_BACKEND: "redis", REDIS_URL: "redis://r", UPSTASH_REDIS_REST_TOKEN: "secret" },
      "node",
    ],
    [["CAIRN_DATA"], {}, "node"],
    [["DATABASE_URL"], { CAIRN_BACKEND: "postgres" }, "node"],
    [["DATABASE_URL"], { CAIRN_BACKEND: "postgres", DATABASE_URL: "mysql://me:secret@db" }, "worker"],
    [
      ["CAIRN_POSTGRES_TRANSPORT", "DATABASE_URL"],
      { CAIRN_BACKEND: "postgres", CAIRN_POSTGRES_TRANSPORT: "tcp" },
      "worker",
    ],
    [["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"], { CAIRN_BACKEND: "redis" }, "worker"],
    [["REDIS_URL"], { CAIRN_BACKEND: "redis", REDIS_URL: "redis://:secret@r", ...UPSTASH }, "node"],
    [["REDIS_URL"], { CAIRN_BACKEND: "redis", REDIS_URL: "redis://:secret@r" }, "worker"],
    [["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], { CAIRN_S3_BUCKET: "b" }, "worker"],
    [
      ["CAIRN_DYNAMO_TABLE", "AWS_REGION", "CAIRN_DYNAMO_INLINE_BYTES"],
      { CAIRN_BACKEND: "dynamodb", CAIRN_DYNAMO_INLINE_BYTES: "lots" },
      "node",
    ],
  ])("%j", (pointers, variables, platform) => {
    expect(parse(variables, platform)).toEqual(pointers);
  });
});
