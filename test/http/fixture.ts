import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { type AppDependencies, createApp } from "../../src/http/app.ts";
import { createCore } from "../../src/state/core.ts";
import { Client } from "./contract/client.ts";

/** A service in this process without keys, over memory, and what speaks to it at `origin`. */
export function localService(
  options: Partial<AppDependencies> & { backend?: StorageBackend; origin?: string } = {},
): Client {
  const { backend = memoryBackend(), origin = "http://localhost", ...dependencies } = options;
  const app = createApp({ core: createCore({ backend }), keys: null, ...dependencies });
  return new Client(() => ({
    fetch: async (path, init) => app.fetch(new Request(origin + path, init)),
  }));
}
