import type { PipelineKey } from "../model/ids.ts";

/** Spreads pipelines over so many places, by a hash of their names (FNV-1a): from 0 to below `places`. */
export function spread({ tenant, pipelineId }: PipelineKey, places: number): number {
  let hash = 0x811c9dc5;
  for (const letter of `${tenant}/${pipelineId}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return (hash >>> 0) % places;
}
