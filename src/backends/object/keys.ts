import type { PipelineKey } from "../../model/ids.ts";
import { spread } from "../spread.ts";
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
 * A hint that a pipeline may be due: `due/minute/spot/tenant/pipeline/revision`, minutes since 1970, padded. The head
 * that it was put for is of that revision: two commits never put one marker, so that none takes away another's.
 */
export interface DueMarker {
  minute: number;
  key: PipelineKey;
  revision: number;
}

/** A marker as it was listed. */
export interface ListedMarker extends DueMarker {
  name: string;
}

export function dueKey({ minute, key, revision }: DueMarker): string {
  return `${dueSpot(minute, spread(key, SPOTS))}${place(key)}/${revision}`;
}

const SPOTS = 256;

/** What the markers of one spot begin with: all of a minute are spread over them, whatever their pipelines are called. */
const dueSpot = (minute: number, spot: number) =>
  `${dueMinute(minute)}${spot.toString(16).padStart(2, "0")}/`;

/** What the markers of one minute begin with, and those of later minutes come after. */
export const dueMinute = (minute: number) => `${DUE_PREFIX}${String(minute).padStart(10, "0")}/`;

/** A place among the markers of one minute. @param at from 0 to below 1 */
export const placeIn = (minute: number, at: number) => dueSpot(minute, Math.floor(at * SPOTS));

/** `null` for a key that is no marker of ours. Those of the releases before have no spot. */
export function parseDueKey(name: string): ListedMarker | null {
  const match = /^due\/(\d{10})\/(?:[0-9a-f]{2}\/)?([^/]+)\/([^/]+)\/(\d{1,15})$/.exec(name);
  if (!match) return null;
  const [, minute, tenant, pipelineId, revision] = match;
  const key = { tenant: tenant!, pipelineId: pipelineId! };
  return { name, minute: Number(minute), key, revision: Number(revision) };
}
