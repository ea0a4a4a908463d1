import { openInNode } from "../backends/configuration/node.ts";
import type { SweepSummary } from "../recovery/sweep/sweep.ts";
import { sweeper } from "../recovery/sweep/sweeper.ts";
import { createCore } from "../state/core.ts";
import { createApp } from "./app.ts";
import { parseEnvironment } from "./environment.ts";

export interface NodeService {
  app: ReturnType<typeof createApp>;
  sweep: () => Promise<SweepSummary>;
  close: () => Promise<void>;
}

/**
 * The service of a Node process or a Lambda function, as its environment says.
 *
 * @throws CairnError `invalid_configuration` with all problems together
 */
export async function openService(environment: NodeJS.ProcessEnv): Promise<NodeService> {
  const { store, frames, webhookAllow, webhookSecrets, ...settings } = parseEnvironment(environment, "node");
  const backend = await openInNode(store);
  const core = createCore({ backend, frames, webhooks: { allow: webhookAllow } });
  const sweep = sweeper(core, { webhookSecrets });
  return {
    app: createApp({ core, sweep, ...settings }),
    sweep,
    close: () => core.tally.flush().then(() => backend.close()),
  };
}
