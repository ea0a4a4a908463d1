import { checkJson } from "../model/json/text.ts";
import { jsonTextOf } from "../model/json-content.ts";
import type { RecoveryPoint } from "../state/recovery-point.ts";
import type { Resumed } from "../state/resume.ts";

/** States up to this are embedded in the answer of a resume, bytes; larger ones are fetched from `stateUrl`. */
const MOST_EMBEDDED = 1_000_000;

/** What a resume answers without the state itself. */
export function resumedView(pipelineId: string, resumed: Resumed) {
  const { fence, owner, expiresAt, attempt, version, checkpointId, contentType, point } = resumed;
  const stateUrl = point && `/v1/pipelines/${pipelineId}/state`;
  return { pipelineId, fence, owner, expiresAt, attempt, version, checkpointId, contentType, stateUrl };
}

/**
 * What a resume answers. Written by hand, so that a JSON state is embedded as its very text.
 *
 * @param more members that the caller asked for
 */
export function resumedText(pipelineId: string, resumed: Resumed, more: object = {}): string {
  const { stateUrl, ...facts } = resumedView(pipelineId, resumed);
  const state = (resumed.point && embedded(resumed.point)) ?? "null";
  const rest = JSON.stringify({ stateUrl, ...more }).slice(1);
  return `${JSON.stringify(facts).slice(0, -1)},"state":${state},${rest}`;
}

/** What the library saved was not looked at: only text that parses may become part of the answer. */
function embedded({ contentType, content }: RecoveryPoint): string | null {
  if (!(content instanceof Uint8Array) || content.length > MOST_EMBEDDED) return null;
  const text = jsonTextOf(contentType, content);
  return text !== null && checkJson(text).ok ? text : null;
}
