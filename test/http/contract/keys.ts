import { createHash } from "node:crypto";

/** The keys that a service under the contract suite must be configured with, by who holds them. */
export const KEYS = {
  alice: { tenant: "one", scopes: ["read", "write"] },
  admin: { tenant: "one", scopes: ["read", "write", "admin"] },
  reader: { tenant: "one", scopes: ["read"] },
  writer: { tenant: "one", scopes: ["write"] },
  bob: { tenant: "two", scopes: ["read", "write", "admin"] },
} as const;

export type Holder = keyof typeof KEYS;

/** The bearer token of a holder. */
export function tokenOf(holder: Holder): string {
  return `contract-key-of-${holder}`;
}

/** The same as the variable `CAIRN_API_KEYS`. */
export const CONTRACT_API_KEYS: string = JSON.stringify(
  Object.entries(KEYS).map(([id, key]) => ({
    id,
    ...key,
    sha256: createHash("sha256")
      .update(tokenOf(id as Holder))
      .digest("hex"),
  })),
);
