import type { IncomingMessage } from "node:http";
import { S3Error } from "./errors.ts";

/** A request as it came, with the bucket and key it is about. */
export interface S3Request {
  method: string;
  /** Decoded path of the URL, raw query. */
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string>>;
  /** As sent: chunks, trailers and all. */
  raw: Buffer;
  bucket: string;
  key: string;
}

export async function readRequest(message: IncomingMessage): Promise<S3Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const [rawPath = "/", ...rest] = message.url!.split("?");
  const path = decode(rawPath);
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(",") : (value ?? ""),
    ]),
  );
  const query = new URLSearchParams(rest.join("?"));
  return {
    method: message.method!,
    path,
    query,
    headers,
    raw: Buffer.concat(chunks),
    ...locate(headers.host ?? "", path),
  };
}

/** `bucket.host/key`, or `host/bucket/key` where the host is an address or one label. */
function locate(host: string, path: string): { bucket: string; key: string } {
  const name = host.replace(/:\d+$/, "");
  const virtual = /^[\d.]+$/.test(name) ? null : /^([a-z0-9.-]+)\.[a-z0-9-]+$/.exec(name);
  if (virtual) return { bucket: virtual[1]!, key: path.slice(1) };
  const [, bucket = "", ...key] = path.split("/");
  return { bucket, key: key.join("/") };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new S3Error(400, "InvalidURI");
  }
}
