import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { builtFor, readDeployment } from "../infra/settings.ts";
import { bundleLambda, bundleWorker } from "../src/cli/bundle.ts";

/** `npm run build`: what sst.config.ts deploys, into `dist`. CAIRN_CLOUD and CAIRN_BACKEND say for where. */
const { cloud, backend } = deployment();
const target = builtFor({ cloud, backend });
await rm(target, { recursive: true, force: true });
if (cloud === "aws") {
  await mkdir(target, { recursive: true });
  for (const { path, text } of await bundleLambda(backend)) await writeFile(join(target, path), text);
} else {
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, await bundleWorker("functions/worker.ts", backend));
}
console.log(`Built: ${target}`);

function deployment() {
  try {
    return readDeployment(process.env, "");
  } catch (error) {
    console.error(`build: ${(error as Error).message}`);
    process.exit(2);
  }
}
