/** A process that sweeps a store again and again, and tells what it found. */
import { setTimeout as sleep } from "node:timers/promises";
import { type SweeperOptions, sweeper } from "../../src/recovery/sweep/sweeper.ts";
import { parseWebhookSecrets } from "../../src/recovery/wake/secrets.ts";
import { createCore } from "../../src/state/core.ts";
import { openStore, type Spec } from "../sweep/spec.ts";

const { spec, allow, secret, budget } = JSON.parse(process.argv[2]!) as {
  spec: Spec;
  allow: string[];
  secret: string;
  budget: SweeperOptions;
};
const tell = (message: object) => void process.send?.(message);
process.on("disconnect", () => process.exit());

// Its machine is as far ahead as the store: what is put off by a minute stays so.
const { now } = Date;
Date.now = () => now() + (spec.aheadMilliseconds ?? 0);
process.on("message", (told: Pick<Spec, "aheadMilliseconds">) => void Object.assign(spec, told));

const store = await openStore(spec, (markers, toCome) => tell({ markers, toCome }));
const backend: typeof store = {
  ...store,
  async due(limit) {
    const due = await store.due(limit);
    tell({ looks: 1, listed: due.length });
    return due;
  },
};
const core = createCore({ backend, webhooks: { allow } });
const run = sweeper(core, { ...budget, webhookSecrets: parseWebhookSecrets(secret) });
for (;;) {
  const summary = await run().catch((error: unknown) => console.error(String(error)));
  if (summary) tell({ summary });
  if (!summary?.due) await sleep(250);
}
