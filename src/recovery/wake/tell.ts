import { deliver } from "./deliver.ts";
import type { Delivery } from "./delivery.ts";
import type { WakeMessage } from "./message.ts";
import type { WebhookSecrets } from "./secrets.ts";

/** Signs a message as of now, and tries once to deliver it. @param allow see `DeliveryOptions` */
export async function tell(
  url: string,
  message: WakeMessage,
  secrets: WebhookSecrets,
  allow: readonly string[],
): Promise<Delivery> {
  const headers = await secrets.sign(message, new Date());
  return deliver(url, { body: message.body, headers }, { allow });
}
