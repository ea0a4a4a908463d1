import { bundleWorker } from "../../src/cli/bundle.ts";
import { LOCAL_STORES, type LocalStore } from "../../src/cli/local/stores.ts";
import { startRuntime } from "../../src/cli/runtime.ts";
import { CONTRACT_API_KEYS, type ContractService, httpContract } from "../http/contract.ts";

/** The Worker as `npm run build` makes it for that store, over its bucket or over a local stand-in of another. */
async function start(backend: string, local?: LocalStore): Promise<ContractService> {
  const runtime = await startRuntime({
    script: await bundleWorker("functions/worker.ts", backend),
    host: "127.0.0.1",
    port: 0,
    bucket: "contract",
    bindings: { CAIRN_API_KEYS: CONTRACT_API_KEYS, CAIRN_R2_MIN_COMMIT_SECONDS: "0", ...local?.bindings },
    onDeath: (reason) => {
      throw new Error(reason);
    },
  });
  return {
    fetch: (path, init) => fetch(runtime.url + path, init),
    async stop() {
      await runtime.stop();
      await local?.stop();
    },
  };
}

httpContract("the Worker's bundle in workerd, over R2", () => start("object"));

for (const [name, startLocal] of Object.entries(LOCAL_STORES)) {
  httpContract(`the Worker's bundle in workerd, over ${name}`, async () => start(name, await startLocal()));
}
