import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";
import { sha256 } from "./signature.ts";

const CHECKSUMS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  "x-amz-checksum-crc32": (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum.toString("base64");
  },
  "x-amz-checksum-sha256": (bytes) => createHash("sha256").update(bytes).digest("base64"),
  "content-md5": (bytes) => createHash("md5").update(bytes).digest("base64"),
};

/**
 * The content of a request, out of its chunks where it is `aws-chunked`, checked against every digest it carries.
 *
 * @throws S3Error
 */
export function readBody({ headers, raw }: S3Request): Buffer {
  const signed = headers["x-amz-content-sha256"]!;
  const { bytes, trailers } = signed.startsWith("STREAMING-")
    ? unchunk(raw, headers)
    : { bytes: raw, trailers: {} };
  if (/^[0-9a-f]{64}$/.test(signed) && sha256(raw) !== signed)
    throw new S3Error(400, "XAmzContentSHA256Mismatch");
  for (const [name, value] of Object.entries({ ...headers, ...trailers })) {
    const known = CHECKSUMS[name];
    if (!known && /^x-amz-checksum-(?!algorithm|mode)/.test(name))
      throw new S3Error(501, "NotImplemented", name);
    if (known && known(bytes) !== value) throw new S3Error(400, "BadDigest", name);
  }
  return bytes;
}

/** Whether any digest of the content was sent along: some requests must have one. */
export function hasDigest({ headers }: S3Request): boolean {
  const trailer = headers["x-amz-trailer"];
  return Object.keys(CHECKSUMS).some((name) => headers[name] !== undefined || trailer === name);
}

/** `aws-chunked` without signatures of its own: `size CRLF bytes CRLF`… `0 CRLF trailers CRLF CRLF`. */
function unchunk(
  raw: Buffer,
  headers: S3Request["headers"],
): { bytes: Buffer; trailers: Record<string, string> } {
  if (headers["x-amz-content-sha256"] !== "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    throw new S3Error(501, "NotImplemented");
  if (!headers["content-encoding"]?.includes("aws-chunked")) throw new S3Error(400, "InvalidRequest");
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = raw.indexOf("\r\n", at);
    const size = /^[0-9a-f]+$/i.test(raw.toString("latin1", at, end))
      ? Number.parseInt(raw.toString("latin1", at, end), 16)
      : -1;
    if (end < 0 || size < 0 || end + 2 + size > raw.length) throw new S3Error(400, "IncompleteBody");
    at = end + 2;
    if (size === 0) break;
    chunks.push(raw.subarray(at, at + size));
    at += size + 2;
  }
  const bytes = Buffer.concat(chunks);
  if (Number(headers["x-amz-decoded-content-length"]) !== bytes.length)
    throw new S3Error(400, "IncompleteBody");
  const lines = raw
    .toString("latin1", at)
    .split("\r\n")
    .filter((line) => line !== "");
  const trailers = Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2) as [string, string]));
  const announced = headers["x-amz-trailer"]?.split(",") ?? [];
  if (announced.some((name) => trailers[name] === undefined)) throw new S3Error(400, "MalformedTrailerError");
  return { bytes, trailers };
}
