import { createHash, randomUUID } from "node:crypto";
import { S3Error } from "./errors.ts";

export interface Held {
  bytes: Buffer;
  /** In quotes. */
  etag: string;
  at: number;
}

export interface BucketOptions {
  /** A second put of a key within this time is refused, as R2 does. @default 0 */
  minWriteSeconds: number;
  /** Conditions it reads past, as emulators do. @default none */
  ignores: readonly ("if-match" | "if-none-match")[];
  /** As radosgw: `If-Match` without quotes, and 412 where AWS says 404. @default false */
  radosgw: boolean;
}

export interface Bucket {
  objects: Map<string, Held>;
  put(key: string, bytes: Buffer, headers: Readonly<Record<string, string>>): Held;
  get(key: string): Held;
  delete(key: string, headers: Readonly<Record<string, string>>): void;
  /** Keys in the order of their UTF-8 bytes, so many at most. */
  keys(prefix: string, after: string, most: number): string[];
  startUpload(): string;
  putPart(id: string, number: number, bytes: Buffer): string;
  endUpload(
    id: string,
    key: string,
    parts: readonly { number: number; etag: string }[],
    headers: Readonly<Record<string, string>>,
  ): Held;
  abortUpload(id: string): void;
}

const LEAST_PART = 5 * 1024 * 1024;
const SURROGATE = /[\ud800-\udfff]/;

/** One bucket in memory. Every method is one step: conditions are checked and effects had without a pause. */
export function makeBucket({ minWriteSeconds, ignores, radosgw }: BucketOptions): Bucket {
  const objects = new Sorted<Held>();
  const uploads = new Map<string, Map<number, Buffer>>();

  function check(key: string, headers: Readonly<Record<string, string>>): void {
    const held = objects.get(key);
    const match = ignores.includes("if-match") ? undefined : headers["if-match"];
    const none = ignores.includes("if-none-match") ? undefined : headers["if-none-match"];
    if (none !== undefined && none !== "*") throw new S3Error(501, "NotImplemented", "If-None-Match takes *");
    if (none !== undefined && held) throw new S3Error(412, "PreconditionFailed");
    if (match === undefined) return;
    if (!held && !radosgw) throw new S3Error(404, "NoSuchKey");
    const etag = radosgw ? held?.etag.replaceAll('"', "") : held?.etag;
    if (match !== etag) throw new S3Error(412, "PreconditionFailed");
  }

  function write(key: string, bytes: Buffer, etag: string): Held {
    const last = objects.get(key)?.at ?? 0;
    if (Date.now() - last < minWriteSeconds * 1000)
      throw new S3Error(429, "TooManyRequests", "one write a second");
    const held = { bytes, etag: `"${etag}"`, at: Date.now() };
    objects.set(key, held);
    return held;
  }

  const parts = (id: string) => {
    const found = uploads.get(id);
    if (!found) throw new S3Error(404, "NoSuchUpload");
    return found;
  };

  return {
    objects,
    put(key, bytes, headers) {
      check(key, headers);
      return write(key, bytes, md5(bytes).toString("hex"));
    },
    get(key) {
      const held = objects.get(key);
      if (!held) throw new S3Error(404, "NoSuchKey");
      return held;
    },
    delete(key, headers) {
      check(key, headers);
      objects.delete(key);
    },
    keys(prefix, after, most) {
      const from = inBytes(after, prefix) < 0 ? objects.place(prefix) : objects.place(after);
      const found = objects.order.slice(from, from + most + 1).filter((key) => key !== after);
      return found.filter((key) => key.startsWith(prefix)).slice(0, most);
    },
    startUpload() {
      const id = randomUUID();
      uploads.set(id, new Map());
      return id;
    },
    putPart(id, number, bytes) {
      parts(id).set(number, bytes);
      return `"${md5(bytes).toString("hex")}"`;
    },
    endUpload(id, key, named, headers) {
      const held = parts(id);
      check(key, headers);
      const chosen = named.map(({ number, etag }, index) => {
        const bytes = held.get(number);
        if (!bytes || `"${md5(bytes).toString("hex")}"` !== etag) throw new S3Error(400, "InvalidPart");
        if (number <= (named[index - 1]?.number ?? 0)) throw new S3Error(400, "InvalidPartOrder");
        if (bytes.length < LEAST_PART && index < named.length - 1) throw new S3Error(400, "EntityTooSmall");
        return bytes;
      });
      if (chosen.length === 0) throw new S3Error(400, "MalformedXML");
      const etag = `${md5(Buffer.concat(chosen.map(md5))).toString("hex")}-${chosen.length}`;
      const whole = write(key, Buffer.concat(chosen), etag);
      uploads.delete(id);
      return whole;
    },
    abortUpload(id) {
      parts(id);
      uploads.delete(id);
    },
  };
}

/** A map that knows the order of its keys: a bucket is listed page by page, however large it is. */
class Sorted<T> extends Map<string, T> {
  readonly order: string[] = [];

  /** Of the first key that is not before this one. */
  place(key: string): number {
    let [from, to] = [0, this.order.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (inBytes(this.order[middle]!, key) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  override set(key: string, value: T): this {
    if (!this.has(key)) this.order.splice(this.place(key), 0, key);
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    if (this.has(key)) this.order.splice(this.place(key), 1);
    return super.delete(key);
  }

  override clear(): void {
    this.order.length = 0;
    super.clear();
  }
}

/** The order of UTF-8 bytes is that of UTF-16 units, but where surrogates are: to look for them is quicker. */
function inBytes(a: string, b: string): number {
  if (SURROGATE.test(a) || SURROGATE.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

function md5(bytes: Buffer): Buffer {
  return createHash("md5").update(bytes).digest();
}
