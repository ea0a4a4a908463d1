import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { noise } from "../../../src/backends/contract/support.ts";
import { objectBackend } from "../../../src/backends/object/backend.ts";
import { folderStore } from "../../../src/backends/object/folder.ts";
import { sweep } from "../../../src/recovery/sweep/sweep.ts";
import { createCheckpoint } from "../../../src/state/checkpoints.ts";
import { createCore, metricsKey } from "../../../src/state/core.ts";
import { registerPipeline } from "../../../src/state/pipelines.ts";

const PIPELINES = 10;
const EACH = 10;
const TENANT = "acme";

const folders: string[] = [];
afterEach(async () => {
  for (const path of folders.splice(0)) await rm(path, { recursive: true });
});

/** A folder with a hundred checkpoints, each in a file of its own. */
async function hundred() {
  const path = await mkdtemp(join(tmpdir(), "cairn-drill-"));
  folders.push(path);
  const core = createCore({ backend: objectBackend({ store: await folderStore({ path, fsync: false }) }) });
  for (let p = 0; p < PIPELINES; p++) {
    const key = { tenant: TENANT, pipelineId: `p-${p}` };
    await registerPipeline(core, key, {}, {});
    for (let c = 0; c < EACH; c++) {
      const content = noise(150_000, 2 * (p * EACH + c) + 1);
      await createCheckpoint(core, key, { caller: {}, data: { content, contentType: "text/plain" } });
    }
  }
  return { path, core };
}

/** Flips a bit in every tenth frame on the disk. */
async function damageTenth(path: string): Promise<number> {
  const entries = await readdir(join(path, "objects", "frames"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files).toHaveLength(PIPELINES * EACH);
  const chosen = files.sort().filter((_, i) => i % 10 === 3);
  for (const file of chosen) {
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
  }
  return chosen.length;
}

/** Sweeps until a pass is over, each a function of its own. */
async function pass(path: string, hours: number) {
  const total = { drilled: 0, held: 0, sweeps: 0 };
  for (let idle = 0; idle < 2; total.sweeps++) {
    const core = createCore({ backend: objectBackend({ store: await folderStore({ path, fsync: false }) }) });
    const now = () => Date.now() + hours * 3_600_000;
    const { drilled, held } = await sweep(core, { now, drill: { tenants: [TENANT] } });
    total.drilled += drilled;
    total.held += held;
    idle = drilled === 0 ? idle + 1 : 0;
  }
  return { ...total, sweeps: total.sweeps - 2 };
}

test("of a hundred checkpoints of which ten are damaged on the disk, 90 % held; before the damage all", async () => {
  const { path, core } = await hundred();
  expect(await pass(path, 0)).toEqual({ drilled: 100, held: 100, sweeps: 7 });
  expect(await pass(path, 23)).toMatchObject({ drilled: 0 });
  expect(await damageTenth(path)).toBe(10);
  expect(await pass(path, 25)).toEqual({ drilled: 100, held: 90, sweeps: 7 });
  // Those that are quarantined are not read again.
  expect(await pass(path, 50)).toMatchObject({ drilled: 90, held: 90 });
  expect(await core.backend.sums(metricsKey(TENANT))).toMatchObject({
    ...{ "drill/held": 280, "drill/damaged": 10 },
  });
  let quarantined = 0;
  for (let p = 0; p < PIPELINES; p++) {
    const page = await core.backend.checkpoints({ tenant: TENANT, pipelineId: `p-${p}` }, { limit: 50 });
    quarantined += page.data.filter(({ quarantinedAt }) => quarantinedAt !== null).length;
  }
  expect(quarantined).toBe(10);
});
