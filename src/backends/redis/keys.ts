import { CairnError } from "../../model/errors.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { SumsKey } from "../types.ts";

/** The keys of one pipeline: all in one slot by their hash tag. */
export interface PipelineKeys {
  /** Hash: the fields of the head. */
  head: string;
  /** List: the last commits, oldest first. */
  writes: string;
  /** Hash: checkpoint id → record. */
  checkpoints: string;
  /** Sorted set: checkpoint ids by sequence. */
  order: string;
  /** Hash: chain id → how many checkpoints name a frame of it. */
  named: string;
  /** Sorted set: events by revision and index. */
  events: string;
  /** What a frame id follows: one string a frame. */
  frame: string;
  /** What a chain's id follows: a list of its frames, but for the full one; none where that is alone. */
  chain: string;
  /** What the id of a frame follows that waits for its commit: strings that expire, until one names them. */
  staged: string;
  /** Sorted set: the ids of frames that were staged, by when; it expires with the last of them. */
  staging: string;
  /** What a part's name follows: strings that expire, until one string is made of them. */
  part: string;
}

/** Names every key, and nothing else does: what an id may hold is checked here once more. */
export interface Keys {
  readonly prefix: string;
  of(key: PipelineKey): PipelineKeys;
  /** Sorted set: the ids of a tenant's pipelines, in lexicographic order. */
  index(tenant: string): string;
  /** Sorted set: pipelines of all tenants by when the sweep is to look at them (`dueAt`), epoch milliseconds. */
  readonly due: string;
  /** Hash: sums by name. */
  sums(key: SumsKey): string;
  /** What the keys of a probe begin with; no pipeline's do. */
  readonly probe: string;
}

export function redisKeys(prefix: string): Keys {
  const of = (key: PipelineKey): PipelineKeys => {
    const base = `${prefix}{${safe(key.tenant)}:${safe(key.pipelineId)}}:`;
    return {
      head: `${base}head`,
      writes: `${base}writes`,
      checkpoints: `${base}checkpoints`,
      order: `${base}order`,
      named: `${base}named`,
      events: `${base}events`,
      frame: `${base}frame:`,
      chain: `${base}chain:`,
      staged: `${base}staged:`,
      staging: `${base}staging`,
      part: `${base}part:`,
    };
  };
  return {
    prefix,
    of,
    index: (tenant) => `${prefix}pipelines:${safe(tenant)}`,
    due: `${prefix}due`,
    sums: ({ tenant, scope }) =>
      `${prefix}sums:{${tenant && safe(tenant)}:${scope.split("/").map(safe).join("/")}}`,
    probe: `${prefix}probe:`,
  };
}

/** A frame id as it stands in keys and in records of lines: without line breaks, and never empty. */
export function frameName(frameId: string): string {
  return encodeURIComponent(frameId) || "%";
}

/** The pipeline that a member of `due` names. */
export function pipelineOf(member: string): PipelineKey {
  const colon = member.indexOf(":");
  return { tenant: member.slice(0, colon), pipelineId: member.slice(colon + 1) };
}

export function safe(id: string): string {
  if (/^[A-Za-z0-9._-]+$/.test(id)) return id;
  throw new CairnError("invalid_id", "The identifier is not valid.");
}
