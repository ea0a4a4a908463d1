import type { Caller } from "../state/core.ts";
import { type Identity, requireScope } from "./auth.ts";
import { callerOf } from "./headers.ts";

/** Who writes, and whether a live lease is taken away. @throws CairnError `forbidden` without `admin` */
export function forcedCaller(
  identity: Identity,
  headers: Parameters<typeof callerOf>[0],
  force: boolean | undefined,
): Caller {
  if (!force) return callerOf(headers);
  requireScope(identity, "admin");
  return { ...callerOf(headers), force };
}
