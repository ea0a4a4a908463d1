import type { PipelineKey } from "../../model/ids.ts";
import type { SumsKey } from "../types.ts";

/** Where things are. Tenants and pipeline ids hold no `/`, so that a prefix that ends in one is one of them. */
const place = ({ tenant, pipelineId }: PipelineKey) => `${tenant}/${pipelineId}`;

export const headKey = (key: PipelineKey) => `heads/${place(key)}`;
export const headPrefix = (tenant: string) => `heads/${tenant}/`;
export const framePrefix = (key: PipelineKey) => `frames/${place(key)}/`;
export const frameKey = (key: PipelineKey, frameId: string) => framePrefix(key) + frameId;
/** All frames of a chain that are objects begin so, those of writers that lost as well. */
export const chainPrefix = (key: PipelineKey, chain: string) => `${framePrefix(key)}${chain}.`;
export const segmentPrefix = (key: PipelineKey) => `segments/${place(key)}/`;
export const segmentKey = (key: PipelineKey, name: string) => segmentPrefix(key) + name;

/** `-` is no tenant: there are the operator's own. A scope may hold `/`, so that the shard is what stands behind the last. */
export const sumsKey = ({ tenant, scope }: SumsKey, shard: number) =>
  `sums/${tenant || "-"}/${scope}/${shard}`;

export const DUE_PREFIX = "due/";

/**
 * A hint that a pipeline may be due: `due/minute/tenant/pipeline/revision`, minutes since 1970, padded. The head that
 * it was put for is of that revision: two commits never put one marker, so that none takes away another's.
 */
export interface DueMarker {
  minute: number;
  key: PipelineKey;
  revision: number;
}

export function dueKey({ minute, key, revision }: DueMarker): string {
  return `${DUE_PREFIX}${String(minute).padStart(10, "0")}/${place(key)}/${revision}`;
}

/** `null` for a key that is no marker of ours. */
export function parseDueKey(text: string): DueMarker | null {
  const match = /^due\/(\d{10})\/([^/]+)\/([^/]+)\/(\d{1,15})$/.exec(text);
  if (!match) return null;
  const [, minute, tenant, pipelineId, revision] = match;
  const key = { tenant: tenant!, pipelineId: pipelineId! };
  return { minute: Number(minute), key, revision: Number(revision) };
}
