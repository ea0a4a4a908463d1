import type * as Sdk from "@aws-sdk/client-s3";
import type { S3List, S3Location } from "./s3-client.ts";
import { matching, pathStyle, type S3Client, S3Refusal, TIMEOUT_SECONDS } from "./s3-client.ts";
import type { PutCondition } from "./store.ts";

type Opened = { sdk: typeof Sdk; client: Sdk.S3Client };

/** S3 by AWS's own SDK, for Lambda and Node; loaded with the first request. */
export function sdkClient(location: S3Location): S3Client {
  const { bucket: Bucket, timeoutSeconds = TIMEOUT_SECONDS, unquotedEtags } = location;
  let opening: Promise<Opened> | undefined;

  async function call<T>(run: (opened: Opened, options: { abortSignal: AbortSignal }) => Promise<T>) {
    opening ??= open(location);
    const abortSignal = AbortSignal.timeout(timeoutSeconds * 1000);
    return run(await opening, { abortSignal }).catch((error: unknown) => {
      throw refusal(error);
    });
  }

  return {
    get: (Key) =>
      call(async ({ sdk, client }, options) => {
        const found = await client.send(new sdk.GetObjectCommand({ Bucket, Key }), options);
        const bytes = await found.Body!.transformToByteArray();
        return { bytes, etag: found.ETag!, promised: found.ContentLength ?? null };
      }),
    put: (Key, Body, condition) =>
      call(async ({ sdk, client }, options) => {
        const conditions = conditionsOf(condition, unquotedEtags);
        const put = new sdk.PutObjectCommand({ Bucket, Key, Body, ...conditions });
        const { ETag, $metadata } = await client.send(put, options);
        return { etag: ETag!, date: ($metadata as { date?: string }).date ?? null };
      }),
    delete: (keys) =>
      call(async ({ sdk, client }, options) => {
        const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
        const { Errors = [] } = await client.send(new sdk.DeleteObjectsCommand({ Bucket, Delete }), options);
        if (Errors[0]) throw new S3Refusal(200, Errors[0].Code ?? "");
      }),
    list: (page) =>
      call(async ({ sdk, client }, options) => {
        const command = new sdk.ListObjectsV2Command({ Bucket, ...listInput(page) });
        const { Contents = [], IsTruncated, NextContinuationToken } = await client.send(command, options);
        const next = IsTruncated ? (NextContinuationToken ?? null) : null;
        const times = Contents.map((object) => object.LastModified!.getTime());
        return { keys: Contents.map((object) => object.Key!), times, next };
      }),
  };
}

async function open(location: S3Location): Promise<Opened> {
  const { region, endpoint, credentials } = location;
  const sdk = await import("@aws-sdk/client-s3");
  const client = new sdk.S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: pathStyle(location),
    // A put that is sent twice is refused by its own first try.
    maxAttempts: 1,
    // CRC32 in trailers, which the SDK would else add, is not known to every store that speaks S3.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: 3000 },
  });
  keepDate(client);
  return { sdk, client };
}

/** The answer's `Date` is the store's clock; the SDK drops it. */
function keepDate(client: Sdk.S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const { headers } = answer.response as { headers?: Record<string, string> };
      Object.assign(answer.output?.$metadata ?? {}, { date: headers?.date });
      return answer;
    },
    { step: "deserialize", priority: "high", name: "keepDate" },
  );
}

function conditionsOf(condition: PutCondition | undefined, unquoted?: boolean) {
  if (condition === undefined) return {};
  return condition === "absent" ? { IfNoneMatch: "*" } : { IfMatch: matching(condition.ifMatch, unquoted) };
}

function listInput({ prefix, after, token, limit }: S3List) {
  const from =
    token !== undefined ? { ContinuationToken: token } : after !== undefined ? { StartAfter: after } : {};
  return { Prefix: prefix, MaxKeys: limit, ...from };
}

/** What S3 answered, apart from what happened on the way. */
function refusal(error: unknown): unknown {
  const { $metadata, name } = error as { $metadata?: { httpStatusCode?: number }; name?: string };
  const status = $metadata?.httpStatusCode;
  return status !== undefined && status >= 300 ? new S3Refusal(status, name ?? "", error) : error;
}
