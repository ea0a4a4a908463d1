import { bundleWorker } from "../../src/cli/bundle.ts";
import { startRuntime } from "../../src/cli/runtime.ts";
import { CONTRACT_API_KEYS, httpContract } from "../http/contract.ts";

httpContract("the Worker's bundle in workerd, over R2, through a socket", async () => {
  const { url, stop } = await startRuntime({
    script: await bundleWorker("functions/worker.ts"),
    host: "127.0.0.1",
    port: 0,
    bucket: "contract",
    bindings: { CAIRN_API_KEYS: CONTRACT_API_KEYS, CAIRN_R2_MIN_COMMIT_SECONDS: "0" },
    onDeath: (reason) => {
      throw new Error(reason);
    },
  });
  return { fetch: (path, init) => fetch(url + path, init), stop };
});
