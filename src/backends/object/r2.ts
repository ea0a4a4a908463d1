import type { R2Bucket, R2Conditional, R2Object } from "@cloudflare/workers-types";
import { type ObjectStore, type PutCondition, Throttled } from "./store.ts";

export interface R2Options {
  bucket: R2Bucket;
  /** R2 takes one write a second to a key and answers 429 past that. @default 1 */
  minWriteSeconds?: number;
}

/** A Cloudflare R2 bucket by its Workers binding: strongly consistent, conditional puts atomic. */
export function r2Store({ bucket, minWriteSeconds = 1 }: R2Options): ObjectStore {
  return {
    name: "r2",
    minWriteSeconds,
    async get(key) {
      const object = await bucket.get(key);
      return object && { bytes: new Uint8Array(await object.arrayBuffer()), etag: object.etag };
    },
    async put(key, bytes, condition) {
      const object = await bucket
        .put(key, bytes, condition ? { onlyIf: onlyIf(condition) } : {})
        .catch(throttled);
      return object && { etag: object.etag, at: (object as R2Object).uploaded.getTime() };
    },
    async delete(keys) {
      for (let from = 0; from < keys.length; from += 1000) await bucket.delete(keys.slice(from, from + 1000));
    },
    async list(prefix, { after, limit }) {
      const options = {
        prefix,
        limit: Math.min(limit, 1000),
        ...(after === undefined ? {} : { startAfter: after }),
      };
      const { objects, truncated } = await bucket.list(options);
      const times = objects.map((object) => object.uploaded.getTime());
      return { keys: objects.map((object) => object.key), times, more: truncated };
    },
    async check() {
      await bucket.head("heads/");
      return [];
    },
  };
}

function onlyIf(condition: PutCondition): R2Conditional {
  return condition === "absent" ? { etagDoesNotMatch: "*" } : { etagMatches: condition.ifMatch };
}

/** R2 says "Reduce your concurrent request rate for the same object. (10058)"; nothing was written. */
function throttled(error: unknown): never {
  const message = error instanceof Error ? error.message : "";
  throw /\(10058\)|\b429\b/.test(message)
    ? new Throttled("R2 asks for fewer writes", { cause: error })
    : error;
}
