import { maybePrune } from "../../model/maybe-prune.ts";
import type { Core } from "../../state/core.ts";
import type { DrillOptions } from "../drill/drill.ts";
import { pruneState } from "../retention/prune.ts";
import type { Delivery } from "../wake/delivery.ts";
import { type Interruption, wakeMessage } from "../wake/message.ts";
import type { WebhookSecrets } from "../wake/secrets.ts";
import { tell } from "../wake/tell.ts";
import type { Budget } from "./budget.ts";
import { type SweepSummary, sweep } from "./sweep.ts";

export interface SweeperOptions extends Budget {
  /** What messages to owners are signed with; without it nobody is told, and messages wait. */
  webhookSecrets?: WebhookSecrets | null;
  /** Without it no checkpoint is read back. */
  drill?: DrillOptions;
}

/** The scheduled function of a service: what `sweep` does, with all that it may do. */
export function sweeper(
  core: Core,
  { webhookSecrets, ...budget }: SweeperOptions = {},
): () => Promise<SweepSummary> {
  const prune = {
    wanted: (head: Parameters<typeof maybePrune>[0]) => maybePrune(head, Date.now()),
    run: (view: Core, key: Parameters<typeof pruneState>[1]) => pruneState(view, key, {}),
  };
  const wake = webhookSecrets ? { wake: teller(core, webhookSecrets) } : {};
  return () => sweep(core, { ...budget, prune, ...wake });
}

/** Tells owners by webhook. */
function teller({ webhooks }: Core, secrets: WebhookSecrets) {
  return async (url: string, interruption: Interruption): Promise<Delivery> =>
    tell(url, await wakeMessage(interruption), secrets, webhooks.allow);
}
