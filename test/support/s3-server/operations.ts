import { escapeText, textOf, textsOf } from "../../../src/backends/object/s3-xml.ts";
import { hasDigest, readBody } from "./body.ts";
import type { Bucket } from "./bucket.ts";
import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** What the request asks for, done in one step. @throws S3Error */
export function operate(bucket: Bucket, request: S3Request, pageSize: number): Answer {
  const bytes = readBody(request);
  return request.key === "" ? onBucket(bucket, request, bytes, pageSize) : onObject(bucket, request, bytes);
}

function onBucket(bucket: Bucket, request: S3Request, bytes: Buffer, pageSize: number): Answer {
  const { method, query } = request;
  if (method === "HEAD") return { status: 200 };
  if (method === "GET" && query.get("list-type") === "2") return list(bucket, query, pageSize);
  if (method === "POST" && query.has("delete")) return deleteMany(bucket, request, bytes);
  throw new S3Error(501, "NotImplemented", `${method} on a bucket`);
}

function onObject(bucket: Bucket, request: S3Request, bytes: Buffer): Answer {
  const { method, key, query, headers } = request;
  only(query, ["x-id", "uploads", "uploadId", "partNumber"]);
  const id = query.get("uploadId");
  if (method === "POST" && query.has("uploads")) {
    return xml("InitiateMultipartUploadResult", `<UploadId>${bucket.startUpload()}</UploadId>`);
  }
  if (method === "POST" && id) {
    const held = bucket.endUpload(id, key, partsOf(bytes.toString()), headers);
    return xml("CompleteMultipartUploadResult", `<ETag>${escapeText(held.etag)}</ETag>`);
  }
  if (method === "DELETE" && id) return done(() => bucket.abortUpload(id));
  if (method === "DELETE") return done(() => bucket.delete(key, headers));
  if (method === "PUT") {
    const length = headers["x-amz-decoded-content-length"] ?? headers["content-length"];
    if (length === undefined) throw new S3Error(411, "MissingContentLength");
    const number = Number(query.get("partNumber"));
    const etag = id ? bucket.putPart(id, number, bytes) : bucket.put(key, bytes, headers).etag;
    return { status: 200, headers: { etag } };
  }
  if (method !== "GET" && method !== "HEAD") throw new S3Error(405, "MethodNotAllowed");
  const held = bucket.get(key);
  const facts = {
    etag: held.etag,
    "content-length": String(held.bytes.length),
    "last-modified": new Date(held.at).toUTCString(),
  };
  if (headers["if-none-match"] === held.etag) return { status: 304, headers: { etag: held.etag } };
  return { status: 200, headers: facts, ...(method === "GET" ? { body: held.bytes } : {}) };
}

function list(bucket: Bucket, query: URLSearchParams, pageSize: number): Answer {
  only(query, ["list-type", "prefix", "start-after", "continuation-token", "max-keys", "x-id"]);
  const token = query.get("continuation-token");
  const after =
    token === null ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url").toString();
  const size = Math.min(Number(query.get("max-keys") ?? 1000), pageSize);
  const found = bucket.keys(query.get("prefix") ?? "", after, size + 1);
  const page = found.slice(0, size);
  const more = page.length < found.length;
  const next = Buffer.from(page.at(-1) ?? after).toString("base64url");
  const contents = page.map((key) => {
    const { etag, bytes, at } = bucket.get(key);
    const time = `<LastModified>${new Date(at - (at % 1000)).toISOString()}</LastModified>`;
    return `<Contents><Key>${escapeText(key)}</Key>${time}<ETag>${escapeText(etag)}</ETag><Size>${bytes.length}</Size></Contents>`;
  });
  const end = `<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${next}</NextContinuationToken>` : ""}`;
  return xml("ListBucketResult", `<KeyCount>${page.length}</KeyCount>${end}${contents.join("")}`);
}

function deleteMany(bucket: Bucket, request: S3Request, bytes: Buffer): Answer {
  if (!hasDigest(request))
    throw new S3Error(400, "InvalidRequest", "DeleteObjects needs Content-MD5 or a checksum");
  const text = bytes.toString();
  const keys = textsOf(text, "Key");
  if (keys.length === 0 || keys.length > 1000) throw new S3Error(400, "MalformedXML");
  for (const key of keys) bucket.delete(key, {});
  const told = textOf(text, "Quiet") === "true" ? [] : keys;
  return xml("DeleteResult", told.map((key) => `<Deleted><Key>${escapeText(key)}</Key></Deleted>`).join(""));
}

function partsOf(text: string): { number: number; etag: string }[] {
  const etags = textsOf(text, "ETag");
  return textsOf(text, "PartNumber").map((number, index) => ({
    number: Number(number),
    etag: etags[index] ?? "",
  }));
}

function only(query: URLSearchParams, known: readonly string[]): void {
  const other = [...query.keys()].find((name) => !known.includes(name));
  if (other !== undefined) throw new S3Error(501, "NotImplemented", `the parameter ${other}`);
}

function done(run: () => void): Answer {
  run();
  return { status: 204 };
}

export function xml(element: string, content: string, status = 200): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<${element} ${NAMESPACE}>${content}</${element}>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}
