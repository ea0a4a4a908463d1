import { request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { AwsClient } from "aws4fetch";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { textOf, textsOf } from "../../src/backends/object/s3-xml.ts";
import { type Fault, type S3Server, type S3ServerOptions, startS3 } from "../support/s3-server/server.ts";

let s3: S3Server;
beforeEach(() => open());
afterEach(() => s3.stop());

async function open(options: S3ServerOptions = {}): Promise<void> {
  await s3?.stop();
  s3 = await startS3(options);
}

interface Sent {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
  signer?: Partial<ConstructorParameters<typeof AwsClient>[0]>;
  aws?: { datetime?: string };
  /** Changes the request after it was signed. */
  tamper?: (request: Request) => Request;
}

/** Sends a signed request. Resolves with the status and the error's code, or the body's text. */
async function send({ method = "GET", path = "key", headers = {}, body, signer, aws, tamper }: Sent) {
  const client = new AwsClient({
    ...s3.credentials,
    service: "s3",
    region: s3.region,
    retries: 0,
    ...signer,
  });
  const url = `${s3.url}/${s3.bucket}/${path}`;
  const signed = await client.sign(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(aws && { aws }),
  });
  const response = await fetch(tamper ? tamper(signed) : signed);
  const text = await response.text();
  return {
    status: response.status,
    code: textOf(text, "Code") ?? "",
    text,
    etag: response.headers.get("etag"),
  };
}

const put = (sent: Sent = {}) => send({ method: "PUT", body: "content", ...sent });
const withHeader = (name: string, value: string) => (request: Request) => {
  const headers = new Headers(request.headers);
  headers.set(name, value);
  return new Request(request, { headers });
};

function sdk(options: object = {}): S3Client {
  const place = { endpoint: s3.url, region: s3.region, credentials: s3.credentials, forcePathStyle: true };
  return new S3Client({ ...place, maxAttempts: 1, ...options });
}

describe("signatures", () => {
  const refused: [string, Sent, string][] = [
    ["none", { tamper: (signed) => new Request(signed.url) }, "AccessDenied"],
    ["by another secret", { signer: { secretAccessKey: "other" } }, "SignatureDoesNotMatch"],
    ["by an unknown key", { signer: { accessKeyId: "OTHER" } }, "InvalidAccessKeyId"],
    ["for another region", { signer: { region: "us-east-1" } }, "AuthorizationHeaderMalformed"],
    ["of yesterday", { aws: { datetime: "20261122T080000Z" } }, "RequestTimeTooSkewed"],
    [
      "for another key",
      { tamper: (signed) => new Request(`${signed.url}2`, signed) },
      "SignatureDoesNotMatch",
    ],
    [
      "for another query",
      { tamper: (signed) => new Request(`${signed.url}?uploads=`, signed) },
      "SignatureDoesNotMatch",
    ],
    [
      "for another method",
      { tamper: (signed) => new Request(signed, { method: "DELETE" }) },
      "SignatureDoesNotMatch",
    ],
    ["that leaves out a header", { tamper: withHeader("x-amz-acl", "public-read") }, "AccessDenied"],
    [
      "of a header that was changed",
      { headers: { "if-match": '"a"' }, tamper: withHeader("if-match", '"b"') },
      "SignatureDoesNotMatch",
    ],
  ];
  it.each(refused)("%s: refused", async (_, sent, code) => {
    await put();
    expect((await send(sent)).code).toBe(code);
  });

  it("of either client are right, for keys that need escaping as well", async () => {
    const Key = "a b/ü+(1)!*'~.txt";
    await sdk().send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body: "x" }));
    expect([...s3.objects.keys()]).toEqual([Key]);
    await put({ path: "plain/key" });
    expect((await send({ path: "plain/key" })).text).toBe("content");
  });

  it("are checked for bucket.host/key as for host/bucket/key", async () => {
    await put();
    const host = `${s3.bucket}.localhost:${new URL(s3.url).port}`;
    const client = new AwsClient({ ...s3.credentials, service: "s3", region: s3.region });
    const signed = await client.sign(`http://${host}/key`);
    const headers = { ...Object.fromEntries(signed.headers), host };
    const text = await new Promise<string>((resolve, reject) => {
      const sent = httpRequest(
        { host: "127.0.0.1", port: new URL(s3.url).port, path: "/key", headers },
        (response) => {
          response.on("data", (chunk) => resolve(String(chunk)));
        },
      );
      sent.on("error", reject).end();
    });
    expect(text).toBe("content");
  });

  it("say for which bucket: another is not there", async () => {
    const other = { Bucket: "another", Key: "key" };
    await expect(sdk().send(new GetObjectCommand(other))).rejects.toMatchObject({ name: "NoSuchBucket" });
  });
});

describe("digests of the content", () => {
  const wrong = Buffer.alloc(32).toString("base64");
  const refused: [string, Record<string, string>, string][] = [
    ["x-amz-content-sha256", { "x-amz-content-sha256": "0".repeat(64) }, "XAmzContentSHA256Mismatch"],
    ["x-amz-checksum-sha256", { "x-amz-checksum-sha256": wrong }, "BadDigest"],
    ["x-amz-checksum-crc32", { "x-amz-checksum-crc32": "AAAAAA==" }, "BadDigest"],
    ["content-md5", { "content-md5": wrong }, "BadDigest"],
    ["one it does not know", { "x-amz-checksum-crc64nvme": "AAAAAA==" }, "NotImplemented"],
    ["signed chunks", { "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }, "NotImplemented"],
  ];
  it.each(refused)("%s that does not match is refused", async (_, headers, code) => {
    expect((await put({ headers })).code).toBe(code);
    expect(s3.objects.size).toBe(0);
  });

  it("are checked in trailers behind chunks, as the SDK sends them by default", async () => {
    const Body = Readable.from([Buffer.from("content of "), Buffer.from("a stream")]);
    const input = { Bucket: s3.bucket, Key: "key", Body, ContentLength: 19 };
    await sdk().send(new PutObjectCommand({ ...input, ChecksumAlgorithm: "SHA256" }));
    expect(s3.objects.get("key")!.bytes.toString()).toBe("content of a stream");
    const chunked = (trailer: string) => ({
      body: `7\r\ncontent\r\n0\r\n${trailer}\r\n\r\n`,
      headers: {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "7",
        "x-amz-trailer": "x-amz-checksum-crc32",
      },
    });
    expect((await put(chunked("x-amz-checksum-crc32:Kpwh+A=="))).code).toBe("BadDigest");
    expect((await put(chunked("x-amz-checksum-crc32c:AAAAAA=="))).code).toBe("MalformedTrailerError");
    expect((await put({ ...chunked(""), body: "7\r\ncont" })).code).toBe("IncompleteBody");
  });

  it("and its length are wanted before it comes", async () => {
    const tamper = ({ url, headers }: Request) => {
      const body = new Blob(["content"]).stream();
      return new Request(url, { method: "PUT", headers, body, duplex: "half" } as RequestInit);
    };
    expect((await put({ tamper })).code).toBe("MissingContentLength");
  });

  it("are wanted by DeleteObjects", async () => {
    const body = "<Delete><Object><Key>key</Key></Object></Delete>";
    expect((await send({ method: "POST", path: "?delete", body })).code).toBe("InvalidRequest");
  });
});

describe("conditions", () => {
  it("decide about a put and a delete", async () => {
    const absent = { headers: { "if-none-match": "*" } };
    const match = (etag: string) => ({ headers: { "if-match": etag } });
    expect((await put(match('"x"'))).code).toBe("NoSuchKey");
    const { etag } = await put(absent);
    expect(etag).toBe('"9a0364b9e99bb480dd25e1f0284c8555"');
    expect((await put(absent)).code).toBe("PreconditionFailed");
    expect((await put(match('"x"'))).code).toBe("PreconditionFailed");
    expect((await put(match(etag!.replaceAll('"', "")))).code).toBe("PreconditionFailed");
    expect((await put({ headers: { "if-none-match": '"x"' } })).code).toBe("NotImplemented");
    const { etag: next } = await put({ ...match(etag!), body: "next" });
    expect((await send({ method: "DELETE", ...match(etag!) })).code).toBe("PreconditionFailed");
    expect((await send({ method: "DELETE", ...match(next!) })).status).toBe(204);
    expect(s3.objects.size).toBe(0);
  });

  it("hold for one of 50 at once", async () => {
    const creates = Array.from({ length: 50 }, () => put({ headers: { "if-none-match": "*" } }));
    expect((await Promise.all(creates)).filter(({ status }) => status === 200).length).toBe(1);
    const { etag } = await put();
    const swaps = Array.from({ length: 50 }, (_, i) => put({ headers: { "if-match": etag! }, body: `${i}` }));
    expect((await Promise.all(swaps)).filter(({ status }) => status === 200).length).toBe(1);
  });

  it("can be read past, as emulators do, and as radosgw reads them", async () => {
    await open({ ignores: ["if-none-match", "if-match"] });
    for (const headers of [{ "if-none-match": "*" }, { "if-none-match": "*" }, { "if-match": '"x"' }])
      expect((await put({ headers })).status).toBe(200);
    await open({ radosgw: true });
    expect((await put({ headers: { "if-match": "x" } })).status).toBe(412);
    const { etag } = await put();
    expect((await put({ headers: { "if-match": etag! } })).status).toBe(412);
    expect((await put({ headers: { "if-match": etag!.replaceAll('"', "") } })).status).toBe(200);
  });
});

describe("the rest of S3", () => {
  it("lists in the order of UTF-8, page by page", async () => {
    await open({ pageSize: 2 });
    const client = sdk();
    const keys = ["a", "a/b", "a0", "b&<>", "\u{ffff}", "\u{1f600}"];
    for (const Key of [...keys].reverse())
      await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body: "x" }));
    const found: string[] = [];
    for (let token = ""; ; ) {
      const { text } = await send({
        path: `?list-type=2&max-keys=5${token && `&continuation-token=${token}`}`,
      });
      const page = textsOf(text, "Key");
      expect(page.length).toBeLessThanOrEqual(2);
      found.push(...page);
      if (textOf(text, "IsTruncated") === "false") break;
      token = textOf(text, "NextContinuationToken")!;
    }
    expect(found).toEqual(keys);
    expect(textsOf((await send({ path: "?list-type=2&prefix=a&start-after=a" })).text, "Key")).toEqual([
      "a/b",
      "a0",
    ]);
    expect((await send({ path: "?list-type=2&delimiter=/" })).code).toBe("NotImplemented");
    expect((await send({ path: "?acl" })).code).toBe("NotImplemented");
  });

  it("heads, gets by ETag, and answers 404 to what is not there", async () => {
    const { etag } = await put();
    const client = sdk();
    const found = await client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: "key" }));
    expect([found.ETag, found.ContentLength]).toEqual([etag, 7]);
    expect((await send({ headers: { "if-none-match": etag! } })).status).toBe(304);
    expect((await send({ path: "none" })).code).toBe("NoSuchKey");
    expect((await send({ method: "POST" })).status).toBe(405);
  });

  it("takes an object in parts, under a condition", async () => {
    const client = sdk();
    const at = { Bucket: s3.bucket, Key: "large" };
    const upload = async (sizes: number[], numbers: number[]) => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
      const Parts = [];
      for (const [index, size] of sizes.entries()) {
        const PartNumber = numbers[index]!;
        const part = { ...at, UploadId, PartNumber, Body: Buffer.alloc(size, index + 1) };
        Parts.push({ PartNumber, ETag: (await client.send(new UploadPartCommand(part))).ETag });
      }
      const whole = { ...at, UploadId, MultipartUpload: { Parts }, IfNoneMatch: "*" };
      return client.send(new CompleteMultipartUploadCommand(whole));
    };
    const least = 5 * 1024 * 1024;
    await expect(upload([10, 10], [1, 2])).rejects.toMatchObject({ name: "EntityTooSmall" });
    await expect(upload([least, 10], [2, 1])).rejects.toMatchObject({ name: "InvalidPartOrder" });
    expect((await upload([least, 10], [1, 2])).ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(s3.objects.get("large")!.bytes.length).toBe(least + 10);
    await expect(upload([10], [1])).rejects.toMatchObject({ name: "PreconditionFailed" });
  });

  it("takes one write a second to a key, when asked to", async () => {
    await open({ minWriteSeconds: 0.2 });
    expect([(await put()).status, (await put()).status, (await put({ path: "other" })).status]).toEqual([
      200, 429, 200,
    ]);
    await new Promise((resolve) => setTimeout(resolve, 210));
    expect((await put()).status).toBe(200);
  });
});

describe("faults on request", () => {
  const faults: [Fault, number | "cut", boolean][] = [
    ["conflict", 409, false],
    ["precondition", 412, false],
    ["slowDown", 503, false],
    ["error", 500, false],
    ["drop", "cut", false],
    ["errorAfter", 500, true],
    ["dropAfter", "cut", true],
  ];
  it.each(faults)("%s: answers %s, and has applied the put: %s", async (how, status, applied) => {
    s3.fail({ how, method: "PUT", key: /^key$/ });
    await put({ path: "other" });
    const seen = await put().then(
      (answer) => answer.status,
      () => "cut" as const,
    );
    expect([seen, s3.objects.has("key")]).toEqual([status, applied]);
    expect((await put()).status).toBe(200);
    expect(s3.requests.map((request) => request.status)).toEqual([200, status === "cut" ? 0 : status, 200]);
  });

  it("cut: an answer ends before the length it promised", async () => {
    await put();
    s3.fail({ how: "cut", method: "GET", times: 2 });
    await expect(send({})).rejects.toThrow();
    await expect(send({})).rejects.toThrow();
    expect((await send({})).text).toBe("content");
  });
});
