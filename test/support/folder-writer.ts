/** A process that saves to a folder store and prints each version that was acknowledged. */
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import { CairnError } from "../../src/model/errors.ts";
import { createCore } from "../../src/state/core.ts";
import { saveState } from "../../src/state/save.ts";

const [path = "", name = "", mode = "", count = "0"] = process.argv.slice(2);
const core = createCore({ backend: objectBackend({ store: await folderStore({ path }) }) });
for (let i = 0; i < Number(count); i++) {
  const content = new TextEncoder().encode(`${name}-${i}`);
  const pipelineId = mode === "create" ? `made-${i}` : "shared";
  const key = { tenant: "t", pipelineId };
  const input = { content, contentType: "text/plain", caller: {}, checkpoint: "never" as const };
  try {
    const saved = await saveState(
      core,
      key,
      mode === "create" ? { ...input, precondition: "absent" } : input,
    );
    process.stdout.write(`${pipelineId} ${saved.result.version} ${name}-${i}\n`);
  } catch (error) {
    if (!(error instanceof CairnError) || error.code !== "precondition_failed") throw error;
  }
}
