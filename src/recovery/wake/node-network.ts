import type { IncomingMessage } from "node:http";
import type * as https from "node:https";
import type { LookupFunction } from "node:net";
import { ANSWER_BYTES, type Answer, type Network, type Posting } from "./network.ts";

export interface NodeNetworkOptions {
  /** PEM of the authority to trust instead of the well-known ones. */
  ca?: string;
}

/** Delivery from Node: it connects to the addresses that were checked, and asks for the name only once. */
export function nodeNetwork({ ca }: NodeNetworkOptions = {}): Network {
  return { resolve, post: (posting) => post(posting, ca) };
}

async function resolve(name: string): Promise<string[]> {
  const { lookup } = process.getBuiltinModule("node:dns/promises");
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

function post(posting: Posting, ca?: string): Promise<Answer> {
  const { url, headers, body, signal, addresses } = posting;
  const plain = url.protocol === "http:";
  const { request } = process.getBuiltinModule(plain ? "node:http" : "node:https") as typeof https;
  const options: https.RequestOptions = {
    method: "POST",
    headers: { ...headers, "content-length": Buffer.byteLength(body) },
    signal,
    // A connection of its own: a kept one may lead to an address that was checked another day.
    agent: false,
    ...(addresses === null ? {} : { lookup: answering(addresses) }),
    ...(ca === undefined ? {} : { ca }),
  };
  return new Promise((settle, reject) => {
    const outgoing = request(url, options, (incoming) => settle(read(incoming)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A `lookup` that knows its answer: a second question could be answered otherwise (DNS rebinding). */
function answering(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (_name, options, callback) => {
    if (options.all) callback(null, all);
    else callback(null, all[0]!.address, all[0]!.family);
  };
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  const { statusCode = 0, headers } = incoming;
  let bytes = 0;
  try {
    // Leaving the loop early destroys the connection.
    for await (const chunk of incoming) {
      bytes += (chunk as Uint8Array).length;
      if (bytes > ANSWER_BYTES) break;
    }
  } catch {
    // The status has come, and only that counts.
  }
  return { status: statusCode, retryAfter: headers["retry-after"] ?? null };
}
