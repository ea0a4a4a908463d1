import { memoryBackend } from "../../src/backends/memory.ts";
import { createApp } from "../../src/http/app.ts";
import { parseApiKeys } from "../../src/http/auth.ts";
import { createCore } from "../../src/state/core.ts";
import { CONTRACT_API_KEYS, httpContract } from "./contract.ts";

httpContract("in this process, over memory", async () => {
  const app = createApp({
    core: createCore({ backend: memoryBackend() }),
    keys: parseApiKeys(CONTRACT_API_KEYS),
  });
  return { fetch: async (path, init) => app.fetch(new Request(`http://localhost${path}`, init)) };
});
