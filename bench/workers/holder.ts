/** A process that holds leases and writes under them, again and again, until it is refused; it tells of every write. */

import { CairnError } from "../../src/model/errors.ts";
import { createCore } from "../../src/state/core.ts";
import { saveState } from "../../src/state/save.ts";
import { noFence } from "../../test/backends/planted.ts";
import { FIRST_FENCE, keyOf } from "../sweep/fill.ts";
import { openStore, type Spec } from "../sweep/spec.ts";

const { spec, prefix, count, fenceless } = JSON.parse(process.argv[2]!) as {
  spec: Spec;
  prefix: string;
  count: number;
  fenceless: boolean;
};
process.on("disconnect", () => process.exit());

const AT_ONCE = 8;
const store = await openStore(spec);
const core = createCore({ backend: fenceless ? noFence(store, Date.now) : store });
/** Pipelines that it takes to be its own. */
const held = Array.from({ length: count }, (_, n) => n);

await Promise.all(Array.from({ length: AT_ONCE }, write));

async function write(): Promise<void> {
  for (let writes = 0; held.length > 0; writes++) {
    const n = held.shift()!;
    const begunAt = Date.now();
    const code = await save(n, `written by a holder, ${begunAt}, ${writes}`);
    process.send?.({ n, begunAt, code });
    if (code === null || isPassing(code)) held.push(n);
  }
}

/** The error's code; null when it was accepted. */
async function save(n: number, text: string): Promise<string | null> {
  const content = new TextEncoder().encode(text);
  const input = { content, contentType: "text/plain", caller: { fence: FIRST_FENCE } };
  try {
    await saveState(core, keyOf(prefix, n), { ...input, checkpoint: "never" });
    return null;
  } catch (error) {
    if (error instanceof CairnError) return error.code;
    throw error;
  }
}

/** What a store answers that does not answer: connections do not outlive a long stop. */
function isPassing(code: string): boolean {
  return code === "backend_unavailable" || code === "outcome_unknown";
}
