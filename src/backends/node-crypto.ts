import type * as crypto from "node:crypto";

/**
 * node:crypto, for what WebCrypto lacks (MD5, digests that are not awaited). Not imported: a Worker would load it
 * at every cold start, which takes it several milliseconds, though most never ask for it.
 */
export function nodeCrypto(): typeof crypto {
  return process.getBuiltinModule("node:crypto");
}
