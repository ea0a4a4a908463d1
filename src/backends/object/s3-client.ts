import type { PutCondition } from "./store.ts";

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Where a bucket is, and as whom to ask. */
export interface S3Location {
  bucket: string;
  /** `auto` for R2. */
  region: string;
  /** For anything but AWS itself: `https://<account>.r2.cloudflarestorage.com`, `http://127.0.0.1:9000`. */
  endpoint?: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. @default true where `endpoint` is given */
  forcePathStyle?: boolean;
  /** By default the SDK looks for them where AWS puts them; the fetch client must be given them. */
  credentials?: S3Credentials;
  /** No request takes longer: then it is given up, and its outcome unknown. @default 30 */
  timeoutSeconds?: number;
  /** radosgw compares `If-Match` with an ETag without its quotes. @default false */
  unquotedEtags?: boolean;
}

/** What was read, and how many bytes the answer had promised (`null`: it did not say). */
export interface S3Object {
  bytes: Uint8Array;
  etag: string;
  promised: number | null;
}

export interface S3List {
  prefix: string;
  after?: string;
  /** From the page before. */
  token?: string;
  limit: number;
}

/** A page of keys, and when each was put, epoch milliseconds. */
export interface S3Listed {
  keys: string[];
  times: number[];
  next: string | null;
}

/**
 * The requests that a store makes of S3, each sent exactly once: a resent conditional put is refused by its own
 * first try. Rejects with `S3Refusal` when S3 answered with an error, with anything else when it did not answer.
 */
export interface S3Client {
  get(key: string): Promise<S3Object>;
  put(
    key: string,
    bytes: Uint8Array,
    condition?: PutCondition,
  ): Promise<{ etag: string; date: string | null }>;
  /** At most 1,000. */
  delete(keys: readonly string[]): Promise<void>;
  list(page: S3List): Promise<S3Listed>;
}

/** An error that S3 answered with, by its HTTP status and its code (`NoSuchKey`, `SlowDown`…; may be empty). */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, cause?: unknown) {
    super(`S3 answered ${status} ${code}`, { cause });
    this.status = status;
    this.code = code;
  }
}

export const TIMEOUT_SECONDS = 30;

/** The ETag as `If-Match` wants it: RFC 9110 has it in quotes, which S3's answers carry already. */
export function matching(etag: string, unquoted = false): string {
  return unquoted ? etag.replaceAll('"', "") : etag;
}

/** Whether requests name the bucket in the path: names with dots do not fit a certificate for one label. */
export function pathStyle({ bucket, endpoint, forcePathStyle }: S3Location): boolean {
  return forcePathStyle ?? (endpoint !== undefined || bucket.includes("."));
}
