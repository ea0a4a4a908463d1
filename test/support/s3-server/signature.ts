import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";

export interface Account {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

const MINUTES_OFF = 15;

/**
 * Checks a signature in the header (AWS Signature Version 4): key, scope, date, that all that must be signed is,
 * and the signature itself over the request as it came.
 *
 * @throws S3Error
 */
export function verifySignature(request: S3Request, account: Account, now: number): void {
  const { headers } = request;
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (!match) throw new S3Error(403, "AccessDenied", "no signature of version 4");
  const [, keyId, day, region, signedHeaders, signature] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (keyId !== account.accessKeyId) throw new S3Error(403, "InvalidAccessKeyId");
  if (region !== account.region) throw new S3Error(400, "AuthorizationHeaderMalformed", "wrong region");
  const date = headers["x-amz-date"] ?? "";
  checkDate(date, day, now);
  checkSigned(headers, signedHeaders.split(";"));
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical(request, signedHeaders))].join("\n");
  const secret = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${account.secretAccessKey}`,
  );
  const expected = hmac(secret, toSign);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex")))
    throw new S3Error(403, "SignatureDoesNotMatch");
}

function checkDate(date: string, day: string, now: number): void {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (!parts || !date.startsWith(day)) throw new S3Error(403, "AccessDenied", "x-amz-date");
  const [, y, mo, d, h, mi, s] = parts;
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Math.abs(at - now) > MINUTES_OFF * 60_000) throw new S3Error(403, "RequestTimeTooSkewed");
}

function checkSigned(headers: S3Request["headers"], signed: string[]): void {
  const needed = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  const open = needed.filter((name) => !signed.includes(name));
  if (open.length > 0) throw new S3Error(403, "AccessDenied", `not signed: ${open.join(", ")}`);
  if (headers["x-amz-content-sha256"] === undefined) throw new S3Error(400, "MissingSecurityHeader");
}

function canonical({ method, path, query, headers }: S3Request, signedHeaders: string): string {
  const uri = path.split("/").map(encode).join("/");
  const pairs = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const lines = signedHeaders
    .split(";")
    .map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  const payload = headers["x-amz-content-sha256"]!;
  return [method, uri, pairs.join("&"), lines.join(""), signedHeaders, payload].join("\n");
}

/** RFC 3986: all but the unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
