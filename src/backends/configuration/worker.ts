import type { R2Bucket } from "@cloudflare/workers-types";
import { objectBackend } from "../object/backend.ts";
import { r2Store } from "../object/r2.ts";
import { fetchClient } from "../object/s3-fetch.ts";
import { storeOver } from "../object/s3-store.ts";
import { postgresOver } from "../postgres/backend.ts";
import { neonRunner } from "../postgres/neon.ts";
import { redisOver } from "../redis/backend.ts";
import { upstashTransport } from "../redis/upstash.ts";
import type { StorageBackend } from "../types.ts";
import type { StoreSettings } from "./variables.ts";

/**
 * The backend of a Worker, which reaches everything over HTTP or a binding. Names no client that needs sockets,
 * so that none is in the bundle.
 *
 * @param bucket the binding, for `r2`
 */
export function openInWorker(settings: StoreSettings, bucket: R2Bucket | undefined): StorageBackend {
  switch (settings.store) {
    case "r2":
      return objectBackend({ store: r2Store({ bucket: bucket!, ...settings }) });
    case "s3":
      return objectBackend({ store: storeOver(fetchClient(settings), settings) });
    case "postgres":
      return postgresOver(neonRunner(settings));
    case "redis":
      if (settings.transport === "upstash") return redisOver(upstashTransport(settings));
  }
  throw new Error(`a Worker has no ${settings.store}`);
}
