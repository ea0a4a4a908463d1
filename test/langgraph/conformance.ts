import { createHash } from "node:crypto";
import * as vitest from "vitest";
import { createApp } from "../../src/http/app.ts";
import { parseApiKeys } from "../../src/http/auth.ts";
import { CairnSaver } from "../../src/langgraph/index.ts";
import { createCore } from "../../src/state/core.ts";
import { serveApp } from "../client/service.ts";
import { STORES } from "./stores.ts";

/** More than savers are made: each has a tenant of its own in the one store. */
const TENANTS = 100;

/** LangGraph's own tests for savers, over a service on a socket and a real store. */
export async function conformance(name: keyof typeof STORES): Promise<void> {
  // They take the runner's functions from the global scope, as soon as they are loaded.
  const { describe, it, expect, beforeAll, beforeEach, afterAll, afterEach } = vitest;
  Object.assign(globalThis, { describe, it, expect, beforeAll, beforeEach, afterAll, afterEach });
  const { specTest, deltaChannelHistoryTests } = await import("@langchain/langgraph-checkpoint-validation");
  const tokens = Array.from({ length: TENANTS }, () => crypto.randomUUID());
  const keys = tokens.map((token, i) => ({
    ...{ id: `key-${i}`, tenant: `tenant-${i}`, scopes: ["read", "write"] },
    sha256: createHash("sha256").update(token).digest("hex"),
  }));
  let stop = async () => {};
  let url = "";
  const initializer = {
    checkpointerName: `cairn/langgraph over ${name}`,
    beforeAllTimeout: 120_000,
    async beforeAll() {
      const store = await STORES[name]();
      const core = createCore({ backend: store.backend });
      const service = await serveApp(createApp({ core, keys: parseApiKeys(JSON.stringify(keys)) }));
      url = service.url;
      stop = async () => {
        service.stop();
        await store.stop();
      };
    },
    afterAll: () => stop(),
    createCheckpointer: () => new CairnSaver({ url, apiKey: tokens.pop()! }),
  };
  specTest(initializer);
  deltaChannelHistoryTests(initializer);
}
