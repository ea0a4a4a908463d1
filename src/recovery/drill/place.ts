import { bytesUpTo } from "../../model/chain.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";

/** Where the drill is on its way past all checkpoints. */
export interface Place {
  /** When this pass over everything began, RFC 3339. */
  begunAt: string;
  /** The tenant under way; null: the pass is over. */
  tenant: string | null;
  /** The page of its pipelines, as the store named it; null: the first. */
  page: string | null;
  /** The last pipeline of the page that is done. */
  done: string | null;
  /** The pipeline under way, and the sequences of its checkpoints that were taken. */
  at: { pipelineId: string; page: string | null; taken: number[] } | null;
}

/** Tenants in the order of a pass. */
export function beginPass(tenants: readonly string[], now: number): Place {
  return { begunAt: new Date(now).toISOString(), ...atTenant(tenants[0]) };
}

/** The place behind all pipelines of a tenant. */
export function afterTenant(place: Place, tenants: readonly string[]): Place {
  return { ...place, ...atTenant(tenants.find((each) => each > place.tenant!)) };
}

function atTenant(tenant: string | undefined): Omit<Place, "begunAt"> {
  return { tenant: tenant ?? null, page: null, done: null, at: null };
}

/** The place at which a sweep goes on; null: there is nothing to do until the next pass. */
export function goOn(
  place: Place | null,
  tenants: readonly string[],
  everySeconds: number,
  now: number,
): Place | null {
  if (place === null) return beginPass(tenants, now);
  if (place.tenant !== null) return tenants.includes(place.tenant) ? place : afterTenant(place, tenants);
  return Date.parse(place.begunAt) + everySeconds * 1000 <= now ? beginPass(tenants, now) : null;
}

/** Checkpoints still to be read, the oldest that nobody has read first. */
export function pending(records: readonly CheckpointRecord[], taken: readonly number[]): CheckpointRecord[] {
  const done = new Set(taken);
  return records
    .filter(({ quarantinedAt, sequence }) => quarantinedAt === null && !done.has(sequence))
    .sort((a, b) => Number(a.verified) - Number(b.verified) || a.sequence - b.sequence);
}

/** What reading one back takes: all frames of its chain are fetched, and its content is in memory. */
export function bytesToRead({ frame, bytes }: CheckpointRecord): number {
  return Math.max(bytes, bytesUpTo(frame));
}
