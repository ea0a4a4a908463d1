import { isAllowed, targetProblem } from "../../model/webhook-target.ts";
import { isPublicAddress } from "./addresses.ts";
import { type Delivery, failureOf, outcomeOf, Refused } from "./delivery.ts";
import type { Network, Resolve } from "./network.ts";
import { nodeNetwork } from "./node-network.ts";
import { workerNetwork } from "./worker-network.ts";

/** A message ready to go: see `wakeMessage` and `WebhookSecrets.sign`. */
export interface SignedMessage {
  body: string;
  /** Of the signature. */
  headers: Record<string, string>;
}

export interface DeliveryOptions {
  /** Exact origins that are exempt from the rules on targets and addresses. @default none */
  allow?: readonly string[];
  /** From the look-up of the name to the end of the answer, seconds. @default 10 */
  deadlineSeconds?: number;
  /** @default what the platform offers */
  network?: Network;
}

/**
 * Tries once to deliver a message. Never throws: what went wrong is in the answer, without anything of the URL,
 * the addresses or the receiver's words. No redirect is followed, and no address called that is not public.
 */
export async function deliver(
  target: string,
  message: SignedMessage,
  { allow = [], deadlineSeconds = 10, network = platformNetwork() }: DeliveryOptions = {},
): Promise<Delivery> {
  const problem = targetProblem(target, allow);
  if (problem !== null) return { delivered: false, why: `the webhook URL ${problem}`, final: true };
  const url = new URL(target);
  const signal = AbortSignal.timeout(deadlineSeconds * 1000);
  const headers = { "content-type": "application/json", "user-agent": "Cairn", ...message.headers };
  try {
    const exempt = isAllowed(url, allow);
    const addresses = exempt ? null : await publicAddresses(url.hostname, network.resolve, signal);
    const posting = { url, headers, body: message.body, signal, addresses };
    return outcomeOf(await network.post(posting), Date.now());
  } catch (error) {
    const why = signal.aborted ? `no answer within ${deadlineSeconds} s` : failureOf(error);
    return { delivered: false, why, final: false };
  }
}

/** All or none: a name that leads to a private address as well is not one to call. */
async function publicAddresses(name: string, resolve: Resolve, signal: AbortSignal): Promise<string[]> {
  const addresses = await Promise.race([resolved(name, resolve), aborted(signal)]);
  if (!addresses.every(isPublicAddress)) throw new Refused("the host has an address that is not public");
  return addresses;
}

async function resolved(name: string, resolve: Resolve): Promise<string[]> {
  const addresses = await resolve(name).catch(() => []);
  if (addresses.length === 0) throw new Refused("the host has no address");
  return addresses;
}

/** Rejects when the deadline comes: a look-up cannot be called off. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** workerd takes part in Node's modules, but only its `fetch` speaks to the world. */
function platformNetwork(): Network {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers" ? workerNetwork() : nodeNetwork();
}
