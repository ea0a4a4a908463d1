import type { PipelineKey } from "../../model/ids.ts";

/** Where things are. Tenants and pipeline ids hold no `/`, so that a prefix that ends in one is one of them. */
const place = ({ tenant, pipelineId }: PipelineKey) => `${tenant}/${pipelineId}`;

export const headKey = (key: PipelineKey) => `heads/${place(key)}`;
export const headPrefix = (tenant: string) => `heads/${tenant}/`;
export const frameKey = (key: PipelineKey, frameId: string) => `frames/${place(key)}/${frameId}`;
export const segmentKey = (key: PipelineKey, name: string) => `segments/${place(key)}/${name}`;

export const DUE_PREFIX = "due/";

/** A hint that a lease may have run out: `due/minute/tenant/pipeline/fence`, minutes since 1970, padded. */
export interface DueMarker {
  minute: number;
  key: PipelineKey;
  fence: number;
}

export function dueKey({ minute, key, fence }: DueMarker): string {
  return `${DUE_PREFIX}${String(minute).padStart(10, "0")}/${place(key)}/${fence}`;
}

/** `null` for a key that is no marker of ours. */
export function parseDueKey(text: string): DueMarker | null {
  const match = /^due\/(\d{10})\/([^/]+)\/([^/]+)\/(\d{1,15})$/.exec(text);
  if (!match) return null;
  const [, minute, tenant, pipelineId, fence] = match;
  return { minute: Number(minute), key: { tenant: tenant!, pipelineId: pipelineId! }, fence: Number(fence) };
}
