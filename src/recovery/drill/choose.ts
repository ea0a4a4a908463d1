import type { CheckpointRecord } from "../../model/checkpoint.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Core } from "../../state/core.ts";
import { afterTenant, bytesToRead, type Place, pending } from "./place.ts";

/** Checkpoints of one pipeline that this sweep reads back. */
export interface Visit {
  key: PipelineKey;
  head: Head;
  records: CheckpointRecord[];
}

/** What one sweep may take for it. */
export interface Allowance {
  checkpoints: number;
  bytes: number;
  /** How many more calls of the store there are. */
  calls(): number;
}

export interface Chosen {
  visits: Visit[];
  /** Where the next sweep goes on. */
  next: Place;
}

const PIPELINES = 20;
const CHECKPOINTS = 500;
/** To list the checkpoints of one more pipeline, read one and say that it is whole. */
const CALLS_EACH = 3;

/** Walks on from a place until the allowance is used up, or everything was passed once. Reads no frame. */
export async function choose(
  core: Core,
  from: Place,
  tenants: readonly string[],
  allowance: Allowance,
): Promise<Chosen> {
  const basket = basketOf(allowance);
  let place = from;
  while (place.tenant !== null && basket.hasRoom()) {
    const { tenant, page: cursor } = place;
    const page = await core.backend.pipelines(
      tenant,
      {},
      { limit: PIPELINES, ...(cursor ? { cursor } : {}) },
    );
    for (const head of page.data) {
      if (place.done !== null && head.pipelineId <= place.done) continue;
      const at = head.checkpointCount > 0 ? await takeFrom(core, head, place, basket) : null;
      if (at) return { visits: basket.visits(), next: { ...place, at } };
      place = { ...place, done: head.pipelineId, at: null };
    }
    if (page.cursor === null) place = afterTenant(place, tenants);
    else place = { ...place, page: page.cursor, done: null };
  }
  return { visits: basket.visits(), next: place };
}

/** @returns where it stopped in the pipeline; null: no more of it is to be read */
async function takeFrom(core: Core, head: Head, place: Place, basket: Basket): Promise<Place["at"]> {
  const { tenant, pipelineId } = head;
  const key = { tenant, pipelineId };
  let { page, taken } =
    place.at?.pipelineId === pipelineId ? place.at : { page: null, taken: [] as readonly number[] };
  const at = () => ({ pipelineId, page, taken: [...taken] });
  do {
    if (!basket.hasRoom()) return at();
    const listed = await core.backend.checkpoints(key, {
      limit: CHECKPOINTS,
      ...(page ? { cursor: page } : {}),
    });
    for (const record of pending(listed.data, taken)) {
      if (!basket.take(key, head, record)) return at();
      taken = [...taken, record.sequence];
    }
    page = listed.cursor;
  } while (page !== null);
  return null;
}

interface Basket {
  hasRoom(): boolean;
  /** False: it is full. What alone is more than a sweep may read is passed over. */
  take(key: PipelineKey, head: Head, record: CheckpointRecord): boolean;
  visits(): Visit[];
}

function basketOf({ checkpoints, bytes, calls }: Allowance): Basket {
  const visits = new Map<string, Visit>();
  let count = 0;
  let used = 0;
  const hasRoom = () => count < checkpoints && calls() - count - visits.size >= CALLS_EACH;
  return {
    hasRoom,
    take(key, head, record) {
      const size = bytesToRead(record);
      if (size > bytes) return true;
      if (!hasRoom() || used + size > bytes) return false;
      const id = `${key.tenant}/${key.pipelineId}`;
      const visit = visits.get(id) ?? { key, head, records: [] };
      visits.set(id, visit);
      visit.records.push(record);
      count++;
      used += size;
      return true;
    },
    visits: () => [...visits.values()],
  };
}
