import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryBackend } from "../../src/backends/memory.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import { randomFrom } from "../../test/frames/delta/versions.ts";
import { overlaid, type Tampered } from "../../test/support/tamper/medium.ts";
import { objectMedium } from "../../test/support/tamper/object.ts";
import { corrupt } from "../../test/support/tamper/trial.ts";
import { type Line, STORES } from "../roundtrips/stores.ts";
import type { Report } from "./report.ts";
import { SEED } from "./states.ts";

const EDITS = 1000;

type Opened = Tampered & Pick<Line, "stop">;

const OPEN: Readonly<Record<string, () => Promise<Opened>>> = {
  memory: async () => ({ ...overlaid(memoryBackend()), stop: async () => {} }),
  "object, folder": overFolder,
  "object, S3": STORES["object, S3 by fetch"]!,
  postgres: STORES["postgres, TCP"]!,
  redis: STORES["redis, TCP"]!,
  dynamodb: STORES["dynamodb, frames inline"]!,
};

async function overFolder(): Promise<Opened> {
  const path = await mkdtemp(join(tmpdir(), "cairn-bench-"));
  const store = await folderStore({ path, fsync: false });
  const stop = () => rm(path, { recursive: true, force: true });
  return { backend: objectBackend({ store }), medium: objectMedium(store), stop };
}

/** Random edits of stored bytes: full frames, deltas, inline ones, parts and their index, plain and encrypted. */
export async function corruption(report: Report): Promise<void> {
  for (const [name, open] of Object.entries(OPEN)) {
    const opened = await open();
    const tally = await corrupt(opened, EDITS, randomFrom(SEED)).finally(opened.stop);
    const { edits, detected, refused, served, redrawn, byKind, byPlace } = tally;
    const peer = `${redrawn} redrawn for changing nothing`;
    report.add({ what: `${name}: of ${edits} edits, served`, value: served.length, limit: 0, peer });
    const missed = edits - detected;
    const how = `${detected} read as damage, ${refused} refused otherwise`;
    report.add({ what: `${name}: of ${edits} edits, not detected`, value: missed, limit: 0, peer: how });
    console.log(`    ${listed(byKind)}\n    ${listed(byPlace)}`);
    for (const each of served) console.log(`    served: ${each}`);
  }
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([name, count]) => `${name} ${count}`)
    .sort()
    .join(", ");
}
