import { CairnError } from "../model/errors.ts";
import type { Settings } from "../model/pipeline.ts";
import { targetProblem } from "../model/webhook-target.ts";
import type { Core } from "./core.ts";

/**
 * Refuses settings whose webhook may not be called. Not the schema's work: which origins are exempt is known to
 * the service only.
 *
 * @throws CairnError `malformed` with the pointer
 */
export function checkWebhook({ webhooks }: Core, { recovery }: Settings): void {
  if (recovery?.webhookUrl === undefined) return;
  const message = targetProblem(recovery.webhookUrl, webhooks.allow);
  if (message === null) return;
  const pointer = "/recovery/webhookUrl";
  throw new CairnError("malformed", `The body is not valid: ${pointer}: ${message}`, {
    errors: [{ pointer, message }],
  });
}
