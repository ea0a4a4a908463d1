import { sha256Hex } from "../../frames/digest.ts";
import { CairnError } from "../../model/errors.ts";
import { nodeCrypto } from "../node-crypto.ts";
import {
  matching,
  pathStyle,
  type S3Client,
  type S3List,
  type S3Location,
  S3Refusal,
  TIMEOUT_SECONDS,
} from "./s3-client.ts";
import { escapeText, textOf, textsOf } from "./s3-xml.ts";
import type { PutCondition } from "./store.ts";

interface Call {
  method: string;
  key?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array;
}

/**
 * S3 by `fetch` and a light signer (SigV4), for Workers: the SDK's parser and streams do not work there.
 *
 * @throws CairnError `invalid_configuration` without credentials
 */
export function fetchClient(location: S3Location): S3Client {
  const { credentials, region, timeoutSeconds = TIMEOUT_SECONDS, unquotedEtags } = location;
  if (!credentials)
    throw new CairnError("invalid_configuration", "S3 by fetch needs an access key id and a secret.");
  let loading: Promise<typeof import("aws4fetch")> | undefined;
  const base = bucketUrl(location);

  async function call({ method, key = "", query = {}, headers = {}, body }: Call): Promise<Response> {
    loading ??= import("aws4fetch");
    const { AwsClient } = await loading;
    const signer = new AwsClient({ ...credentials!, service: "s3", region, retries: 0 });
    const url = `${base}/${key}${search(query)}`;
    // What is signed is what was hashed here: a body that changes on the way is refused.
    const digest = body ? { "x-amz-content-sha256": await sha256Hex(body) } : {};
    const request = await signer.sign(url, {
      method,
      headers: { ...headers, ...digest },
      // A read must see the last write, and a redirected request would be signed for another place.
      ...(method === "GET" ? { cache: "no-store" as const } : {}),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
      ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
    });
    const response = await fetch(request);
    if (response.ok) return response;
    const text = await response.text().catch(() => "");
    throw new S3Refusal(response.status, textOf(text, "Code") ?? "");
  }

  return {
    async get(key) {
      const response = await call({ method: "GET", key });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const length = response.headers.get("content-length");
      return { bytes, etag: etagOf(response), promised: length === null ? null : Number(length) };
    },
    async put(key, bytes, condition) {
      const headers = { "content-type": "application/octet-stream", ...conditions(condition, unquotedEtags) };
      const response = await call({ method: "PUT", key, headers, body: bytes });
      await response.body?.cancel();
      return { etag: etagOf(response), date: response.headers.get("date") };
    },
    async delete(keys) {
      const body = new TextEncoder().encode(deletion(keys));
      const headers = { "content-md5": nodeCrypto().createHash("md5").update(body).digest("base64") };
      const response = await call({ method: "POST", query: { delete: "" }, headers, body });
      const [code] = textsOf(await response.text(), "Code");
      if (code !== undefined) throw new S3Refusal(200, code);
    },
    async list(page) {
      const response = await call({ method: "GET", query: listQuery(page) });
      const xml = await response.text();
      // A page that was cut off has neither; it must not pass for the last one.
      const truncated = textOf(xml, "IsTruncated");
      if (truncated === null || !xml.trimEnd().endsWith("</ListBucketResult>"))
        throw new Error("S3's list is not whole");
      const next = truncated === "true" ? textOf(xml, "NextContinuationToken") : null;
      const [keys, times] = [textsOf(xml, "Key"), textsOf(xml, "LastModified").map(Date.parse)];
      if (times.length !== keys.length) throw new Error("S3's list is not whole");
      return { keys, times, next };
    },
  };
}

function bucketUrl(location: S3Location): string {
  const { bucket, region } = location;
  const url = new URL(location.endpoint ?? `https://s3.${region}.amazonaws.com`);
  if (!pathStyle(location)) url.host = `${bucket}.${url.host}`;
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path}${pathStyle(location) ? `/${bucket}` : ""}`;
}

function search(query: Record<string, string>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length > 0 ? `?${pairs.join("&")}` : "";
}

function etagOf(response: Response): string {
  const etag = response.headers.get("etag");
  if (!etag) throw new Error("S3 answered without an ETag");
  return etag;
}

function conditions(condition: PutCondition | undefined, unquoted?: boolean): Record<string, string> {
  if (condition === undefined) return {};
  return condition === "absent"
    ? { "if-none-match": "*" }
    : { "if-match": matching(condition.ifMatch, unquoted) };
}

function deletion(keys: readonly string[]): string {
  const objects = keys.map((key) => `<Object><Key>${escapeText(key)}</Key></Object>`).join("");
  const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
  return `<Delete xmlns="${namespace}"><Quiet>true</Quiet>${objects}</Delete>`;
}

function listQuery({ prefix, after, token, limit }: S3List): Record<string, string> {
  const query: Record<string, string> = { "list-type": "2", prefix, "max-keys": String(limit) };
  if (token !== undefined) query["continuation-token"] = token;
  else if (after !== undefined) query["start-after"] = after;
  return query;
}
