import { type Care, NO_CARE } from "../../model/care.ts";
import type { CheckpointRecord } from "../../model/checkpoint.ts";
import { CairnError } from "../../model/errors.ts";
import type { PipelineEvent } from "../../model/event.ts";
import {
  type ContentFacts,
  FORMAT,
  type Head,
  type StateRecord,
  type WriteRecord,
} from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { freshHead } from "../fresh.ts";
import { readable } from "../unreadable.ts";
import { damaged, laterFormat } from "./failures.ts";
import { decodeRef, type StoredRef } from "./frame-record.ts";

type StoredState = Omit<StateRecord, keyof ContentFacts | "frame"> & {
  content: ContentFacts;
  frame: StoredRef;
};

type StoredCheckpoint = Omit<CheckpointRecord, keyof ContentFacts | "pipelineId" | "frame"> & {
  format: number;
  content: ContentFacts;
  frame: StoredRef;
};

type StoredHead = Omit<Head, "state" | "history" | "lastCheckpoint" | "writes" | "care"> & {
  format: number;
  care: Care | null;
  settings: Record<string, string>;
  states: StoredState[] | null;
  lastCheckpoint: StoredCheckpoint | null;
  writes: WriteRecord[] | null;
};

/** A head from its text. @throws CairnError `unsupported_format`, `unrecoverable` */
export function decodeHead(text: string): Head {
  return undamaged(() => headOf(text));
}

function headOf(text: string): Head {
  const { format, settings, states, lastCheckpoint, writes, care, ...counters } = parse<StoredHead>(text);
  if (format > FORMAT) throw laterFormat();
  const { tenant, pipelineId, createdAt } = counters;
  const set = Object.entries(settings).map(([name, value]) => [name, JSON.parse(value)]);
  const [state = null, ...history] = (states ?? []).map(stateOf);
  return {
    ...freshHead({ tenant, pipelineId }, createdAt),
    ...Object.fromEntries(set),
    ...counters,
    ...{ care: care ?? NO_CARE, state, history, writes: writes ?? [] },
    lastCheckpoint: lastCheckpoint && checkpointOf(lastCheckpoint, pipelineId),
  };
}

/** Heads of a list, but for those that this release cannot read. */
export function decodeHeads(texts: readonly string[]): Head[] {
  return texts.flatMap((text) => readable(keyIn(text), () => decodeHead(text)));
}

/** Whose head the text is, whatever its format. */
export function keyIn(text: string): PipelineKey {
  const { tenant, pipelineId } = parse<StoredHead>(text);
  return { tenant, pipelineId };
}

/** @throws CairnError `unsupported_format`, `unrecoverable` */
export function decodeCheckpoint(text: string, pipelineId: string): CheckpointRecord {
  return undamaged(() => checkpointOf(parse<StoredCheckpoint>(text), pipelineId));
}

/** @throws CairnError `unsupported_format`, `unrecoverable` */
export function decodeEvent(text: string): PipelineEvent {
  return undamaged(() => eventOf(text));
}

function eventOf(text: string): PipelineEvent {
  type Stored = Omit<PipelineEvent, "eventId" | "type"> & {
    format: number;
    position: number;
    draft: Pick<PipelineEvent, "type">;
  };
  const { format, position, draft, ...rest } = parse<Stored>(text);
  if (format > FORMAT) throw laterFormat();
  return { eventId: `${Math.floor(position / 10_000)}-${position % 10_000}`, ...rest, ...draft };
}

/** Base64, broken into lines as Postgres does. What it returns is not a part of a larger buffer. */
export function decodeBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function stateOf({ content, frame, ...rest }: StoredState): StateRecord {
  const { storedBytes: _, ...facts } = content;
  return { ...rest, ...facts, frame: decodeRef(frame) };
}

function checkpointOf(stored: StoredCheckpoint, pipelineId: string): CheckpointRecord {
  const { format, content, frame, ...rest } = stored;
  if (format > FORMAT) throw laterFormat();
  return { ...rest, ...content, pipelineId, frame: decodeRef(frame) };
}

function parse<T>(text: string): T {
  return JSON.parse(text) as T;
}

function undamaged<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw error instanceof CairnError ? error : damaged(error);
  }
}
