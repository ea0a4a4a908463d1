import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import { createCore } from "../../src/state/core.ts";
import { acquireLease } from "../../src/state/lease.ts";
import { saveState } from "../../src/state/save.ts";

const path = await mkdtemp(join(tmpdir(), "cairn-sweep-"));
afterAll(() => rm(path, { recursive: true, force: true }));

test("the Lambda function sweeps the store that its environment names", async () => {
  const key = { tenant: "acme", pipelineId: "nightly" };
  const core = createCore({ backend: objectBackend({ store: await folderStore({ path }) }) });
  const content = new TextEncoder().encode("state");
  await saveState(core, key, { content, contentType: "text/plain", caller: {}, checkpoint: "never" });
  await acquireLease(core, key, { owner: "worker", ttlSeconds: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1200));
  vi.stubEnv("CAIRN_BACKEND", "object");
  vi.stubEnv("CAIRN_DATA", path);
  const log = vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  const { handler } = await import("../../functions/sweep.ts");
  expect(await handler()).toMatchObject({ due: 1, interrupted: 1 });
  expect(JSON.parse(String(log.mock.calls[0]![0]))).toMatchObject({ event: "sweep", interrupted: 1 });
  expect((await core.backend.load(key))!.head.status).toBe("interrupted");
  expect(await handler()).toMatchObject({ due: 0 });
});
