import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryBackend } from "../../src/backends/memory.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { createApp } from "../../src/http/app.ts";
import { parseApiKeys } from "../../src/http/auth.ts";
import { createCore } from "../../src/state/core.ts";
import { CONTRACT_API_KEYS, type ContractService, httpContract } from "./contract.ts";

function serviceOver(backend: StorageBackend): ContractService {
  const app = createApp({ core: createCore({ backend }), keys: parseApiKeys(CONTRACT_API_KEYS) });
  return { fetch: async (path, init) => app.fetch(new Request(`http://localhost${path}`, init)) };
}

httpContract("in this process, over memory", async () => serviceOver(memoryBackend()));

httpContract("in this process, over a folder", async () => {
  const path = await mkdtemp(join(tmpdir(), "cairn-http-"));
  const service = serviceOver(objectBackend({ store: await folderStore({ path, fsync: false }) }));
  return { ...service, stop: () => rm(path, { recursive: true, force: true }) };
});
