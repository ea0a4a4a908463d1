import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { backendContract } from "../../src/backends/contract.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { r2Store } from "../../src/backends/object/r2.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";

/** The storage contract inside workerd, over an R2 bucket by its binding. */
backendContract(
  async () => {
    let ahead = 0;
    const r2 = r2Store({ bucket: env.CAIRN_BUCKET, minWriteSeconds: 0 });
    // The bucket's own clock would correct the one that the checks move.
    const store: ObjectStore = {
      ...r2,
      put: async (...args) => {
        const put = await r2.put(...args);
        return put && { etag: put.etag };
      },
    };
    const options = {
      store,
      now: () => Date.now() + ahead,
    };
    return {
      backend: objectBackend(options),
      exclusiveClaims: false,
      reopen: async () => objectBackend(options),
      advance: async (seconds) => {
        ahead += seconds * 1000;
      },
    };
  },
  { describe, it, expect },
);
