import type * as dns from "node:dns/promises";
import { ANSWER_BYTES, type Answer, type Network, type Posting } from "./network.ts";

/**
 * Delivery from a Worker. `fetch` resolves the name itself and cannot be told an address, so the check before it
 * is the lesser guard here: the greater one is that Cloudflare's network leads to no private address.
 */
export function workerNetwork(): Network {
  return { resolve, post };
}

/** workerd asks over HTTPS; its `lookup` is not told to answer both families. */
async function resolve(name: string): Promise<string[]> {
  const { resolve4, resolve6 } = process.getBuiltinModule("node:dns/promises") as typeof dns;
  const answers = await Promise.allSettled([resolve4(name), resolve6(name)]);
  const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const [first] = answers;
  if (addresses.length === 0 && first.status === "rejected") throw first.reason;
  return addresses;
}

async function post({ url, headers, body, signal }: Posting): Promise<Answer> {
  const answer = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
  if (answer.body !== null) await drain(answer.body);
  return { status: answer.status, retryAfter: answer.headers.get("retry-after") };
}

async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  try {
    for (let bytes = 0; bytes <= ANSWER_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
    await reader.cancel();
  } catch {
    // The status has come, and only that counts.
  }
}
