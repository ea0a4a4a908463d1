import type { PipelineKey } from "../model/ids.ts";
import type { Committed } from "./commit.ts";
import type { Caller, Core } from "./core.ts";
import { type Write, writeBlind } from "./write.ts";

export interface LeaseGrant {
  fence: number;
  owner: string;
  expiresAt: string;
}

/**
 * Takes the right to write for `ttlSeconds` (1 to 86,400). Each grant raises the fence. The same owner may take
 * its own live lease again: the older token is then lost.
 *
 * @throws CairnError `not_found`, `lease_held` (with the seconds to wait), `pipeline_deleted`
 */
export async function acquireLease(
  core: Core,
  key: PipelineKey,
  input: { owner: string; ttlSeconds: number; idempotencyKey?: string },
): Promise<{ lease: LeaseGrant; replayed: boolean }> {
  const { owner, ttlSeconds, idempotencyKey } = input;
  const caller: Caller = idempotencyKey === undefined ? {} : { idempotencyKey };
  const write: Write = { key, caller, request: ["lease", owner, ttlSeconds], expect: { create: "never" } };
  const { result, replayed } = await writeBlind(core, write, {
    lease: { take: { owner, ttlSeconds } },
    events: [{ type: "leased", owner }],
  });
  return { lease: { fence: result.fence, owner, expiresAt: result.expiresAt! }, replayed };
}

/** The heartbeat: the lease counts from now again, for the same or a new time. @throws `fence_lost`, `lease_held` */
export async function renewLease(
  core: Core,
  key: PipelineKey,
  caller: Caller,
  ttlSeconds?: number,
): Promise<Committed> {
  const write: Write = { key, caller, request: ["renew", ttlSeconds ?? null], expect: { create: "never" } };
  return writeBlind(core, write, { lease: { renew: ttlSeconds === undefined ? {} : { ttlSeconds } } });
}

/** Gives the lease back. Releasing one that is released already changes nothing. */
export async function releaseLease(core: Core, key: PipelineKey, caller: Caller): Promise<Committed> {
  const write: Write = { key, caller, request: ["release"], expect: { create: "never" } };
  return writeBlind(core, write, { lease: { release: true }, events: [{ type: "released" }] });
}
