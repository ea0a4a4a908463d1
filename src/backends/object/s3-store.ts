import { CairnError } from "../../model/errors.ts";
import { checkConditions, checkFailure } from "./s3-check.ts";
import { type S3Client, S3Refusal } from "./s3-client.ts";
import { type ObjectPage, type ObjectStore, type PutResult, Throttled } from "./store.ts";

export interface S3StoreOptions {
  /** Everything is kept below it, so that a bucket can be shared: `cairn/`. @default "" */
  prefix?: string;
  /** Where the bucket is, as its client was told: R2 is known by it. */
  endpoint?: string;
  /** The least time between two puts of one key. @default 1 for R2, which takes one write a second; else 0 */
  minWriteSeconds?: number;
}

const R2 = ".r2.cloudflarestorage.com";

const DELETED_AT_ONCE = 1000;
const LISTED_AT_ONCE = 1000;
const TRIES = 3;

/** A bucket behind any client of S3: what its answers mean to the driver. */
export function storeOver(client: S3Client, options: S3StoreOptions = {}): ObjectStore {
  const slow = options.endpoint !== undefined && new URL(options.endpoint).hostname.endsWith(R2);
  const { minWriteSeconds = slow ? 1 : 0 } = options;
  const prefix = folder(options.prefix ?? "");
  let conditionsHold = false;

  async function list(
    under: string,
    { after, limit }: { after?: string; limit: number },
  ): Promise<ObjectPage> {
    const keys: string[] = [];
    const times: number[] = [];
    for (let token: string | undefined; ; ) {
      const position = token !== undefined ? { token } : after !== undefined ? { after: prefix + after } : {};
      const size = Math.min(limit - keys.length, LISTED_AT_ONCE);
      const page = await patiently(() => client.list({ prefix: prefix + under, limit: size, ...position }));
      keys.push(...page.keys.map((key) => key.slice(prefix.length)));
      times.push(...page.times);
      if (page.next === null || keys.length >= limit) return { keys, times, more: page.next !== null };
      token = page.next;
    }
  }

  const store: ObjectStore = {
    name: "s3",
    minWriteSeconds,
    async get(key) {
      const where = place(prefix, key);
      return patiently(() => readWhole(client, where));
    },
    async put(key, bytes, condition): Promise<PutResult> {
      const where = place(prefix, key);
      try {
        const { etag, date } = await client.put(where, bytes, condition);
        return { etag, ...timeOf(date) };
      } catch (error) {
        return refusedPut(error, typeof condition === "object");
      }
    },
    async delete(keys) {
      const places = keys.map((key) => place(prefix, key));
      for (let from = 0; from < places.length; from += DELETED_AT_ONCE)
        await patiently(() => client.delete(places.slice(from, from + DELETED_AT_ONCE)));
    },
    list,
    async check() {
      try {
        // A store does not change its ways while this process runs: later checks only ask whether it is there.
        if (conditionsHold) await list("probe/", { limit: 1 });
        else {
          const problems = await checkConditions(store);
          if (problems.length > 0) return problems;
          conditionsHold = true;
        }
        return [];
      } catch (error) {
        const problem = checkFailure(error);
        if (problem === null) throw error;
        return [problem];
      }
    },
  };
  return store;
}

function folder(prefix: string): string {
  if (prefix === "") return "";
  const whole = prefix.endsWith("/") ? prefix : `${prefix}/`;
  if (isPlain(whole.slice(0, -1))) return whole;
  throw new CairnError("invalid_configuration", "An S3 prefix is made of A-Z a-z 0-9 . _ - and /.");
}

/** URLs lose `.`, `..` and empty parts on the way: a key that had them would be another, perhaps another's. */
function isPlain(key: string): boolean {
  return /^[A-Za-z0-9._/-]+$/.test(key) && !key.split("/").some((part) => /^\.{0,2}$/.test(part));
}

function place(prefix: string, key: string): string {
  if (!isPlain(key)) throw new Error("not a key of an object store");
  return prefix + key;
}

/** Answers are cut off at times: one with fewer bytes than it promised is no answer. */
async function readWhole(client: S3Client, key: string): Promise<{ bytes: Uint8Array; etag: string } | null> {
  try {
    const { bytes, etag, promised } = await client.get(key);
    if (promised !== null && promised !== bytes.length) throw new Error("an answer of S3 was cut off");
    return { bytes, etag };
  } catch (error) {
    // `NoSuchBucket` is a 404 as well, and must not pass for a pipeline that is not there.
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof S3Refusal && error.status === 404 && ["NoSuchKey", "NotFound", ""].includes(error.code)
  );
}

/** Reads and deletes may be sent again; what S3 refused for good is not. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const final = error instanceof S3Refusal && error.status < 500 && error.status !== 429;
      if (final || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt));
    }
  }
}

/** `null`: the condition did not hold. Throws `Throttled` where nothing was done; else the put may have landed. */
function refusedPut(error: unknown, overAnother: boolean): null {
  if (!(error instanceof S3Refusal)) throw error;
  const { status, code } = error;
  if (status === 412 || (overAnother && isMissing(error))) return null;
  const conflict = status === 409 && ["ConditionalRequestConflict", "OperationAborted"].includes(code);
  const slow = status === 429 || (status === 503 && /^SlowDown/.test(code));
  if (conflict || slow) throw new Throttled("S3 asks to send the put again", { cause: error });
  throw error;
}

/** `Date` has whole seconds: on average the clock was half a second past it. */
function timeOf(date: string | null): { at?: number } {
  const at = Date.parse(date ?? "");
  return Number.isNaN(at) ? {} : { at: at + 500 };
}
