import type { CheckpointRecord } from "../../model/checkpoint.ts";
import { CairnError } from "../../model/errors.ts";
import type { PipelineEvent } from "../../model/event.ts";
import { FORMAT, type Head, type Lease, type StateRecord, type WriteRecord } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Settings } from "../../model/pipeline.ts";
import { readable } from "../unreadable.ts";

/** The fields of a head that `settings` sets; each is one JSON text. */
export const SETTINGS = ["kind", "labels", "policy", "retention", "recovery", "tasks", "merge"] as const;

/** Stands in a line for what is not there; no id, number or JSON text reads so. */
export const NONE = "~";

/** How many lines a stored version takes. */
export const STATE_LINES = 8;

/** What of the settings makes a pipeline due, for scripts decode no JSON: seconds, "" for none. */
export function waitsOf({ recovery, retention }: Settings): Record<string, string> {
  return {
    ...(recovery && { silence: String(recovery.silenceSeconds ?? "") }),
    ...(retention && { deleteAfter: String(retention.deleteAfterSeconds ?? "") }),
  };
}

/** A time as the hash of a head holds it: epoch milliseconds. @throws RangeError when it is none */
export function milliseconds(at: string | null): string {
  if (at === null) return "";
  const parsed = Date.parse(at);
  if (!Number.isFinite(parsed)) throw new RangeError("What is said to be a time is none.");
  return String(parsed);
}

/** A head as its hash holds it. Only for heads without a lease, state, checkpoint: what a script starts from. */
export function encodeBareHead(head: Head): Record<string, string> {
  const { revision, version, fence, sequence, attempt, status } = head;
  const counters = { revision, version, fence, sequence, attempt, count: head.checkpointCount };
  return {
    format: String(FORMAT),
    ...Object.fromEntries(Object.entries(counters).map(([name, value]) => [name, String(value)])),
    deleted: head.deleted ? "1" : "0",
    status,
    created: String(Date.parse(head.createdAt)),
    updated: String(Date.parse(head.updatedAt)),
    ...Object.fromEntries(SETTINGS.map((name) => [name, JSON.stringify(head[name])])),
    ...waitsOf(head),
    lookAt: milliseconds(head.lookAt),
    care: JSON.stringify(head.care),
    ...{ owner: "", ttl: "", expires: "", state: "", history: "", last: "" },
  };
}

/**
 * The head that a hash's fields and the writes, an empty line between two, hold. The writes are there for replays
 * alone: one that is damaged is left out and reported, for it must not keep the state from being read.
 *
 * @throws CairnError `unsupported_format` when a later release wrote it, `unrecoverable` when it is damaged
 */
export function decodeHead(key: PipelineKey, fields: ReadonlyMap<string, string>, writes: string): Head {
  return undamaged(() => {
    const get = (name: string) => fields.get(name) ?? missing(name);
    checkFormat(get("format"));
    const number = (name: string) => toNumber(get(name));
    const settings = Object.fromEntries(SETTINGS.map((name) => [name, JSON.parse(get(name))]));
    return {
      tenant: key.tenant,
      pipelineId: key.pipelineId,
      revision: number("revision"),
      version: number("version"),
      fence: number("fence"),
      deleted: get("deleted") === "1",
      status: get("status") as Head["status"],
      attempt: number("attempt"),
      createdAt: time(get("created")),
      updatedAt: time(get("updated")),
      ...(settings as Pick<Head, (typeof SETTINGS)[number]>),
      lease: decodeLease(get("owner"), get("ttl"), get("expires")),
      lookAt: get("lookAt") === "" ? null : time(get("lookAt")),
      care: JSON.parse(get("care")),
      state: decodeStates(get("state"))[0] ?? null,
      history: decodeStates(get("history")),
      checkpointCount: number("count"),
      sequence: number("sequence"),
      lastCheckpoint: get("last") === "" ? null : decodeCheckpoint(key, get("last")),
      writes: decodeWrites(key, writes),
    };
  });
}

/** @throws CairnError `unsupported_format`, `unrecoverable` */
export function decodeCheckpoint(key: PipelineKey, record: string): CheckpointRecord {
  return undamaged(() => {
    const [format, sequence, version, created, source, verified, quarantined, , id, ...json] = lines(record);
    checkFormat(format);
    const [label, metadata, reason, content, frame] = json.map((each) => JSON.parse(each));
    return {
      checkpointId: id!,
      pipelineId: key.pipelineId,
      version: toNumber(version),
      sequence: toNumber(sequence),
      createdAt: time(created),
      source: source as CheckpointRecord["source"],
      ...{ label, metadata, reason, ...content },
      verified: verified === "1",
      quarantinedAt: quarantined === NONE ? null : time(quarantined),
      frame,
    };
  });
}

/** @throws CairnError `unsupported_format`, `unrecoverable` */
export function decodeEvent(record: string): PipelineEvent {
  return undamaged(() => {
    const [format, eventId, at, version, fence, draft] = lines(record);
    checkFormat(format);
    const rest = JSON.parse(draft!);
    return { eventId: eventId!, at: time(at), version: toNumber(version), fence: toNumber(fence), ...rest };
  });
}

/** One remembered commit. @throws CairnError `unrecoverable` */
export function decodeWrite(record: string): WriteRecord {
  return undamaged(() => decodeWriteLines(lines(record)));
}

function decodeWrites(key: PipelineKey, writes: string): WriteRecord[] {
  if (writes === "") return [];
  // A damaged one may end in line breaks of its own.
  return writes.split(/\n{2,}/).flatMap((record) => readable(key, () => decodeWrite(record)));
}

function decodeWriteLines(all: readonly string[]): WriteRecord {
  const [writeId, digest, at, revision, version, fence, attempt, created, content, ...rest] = all;
  const [checkpointId, sequence, reason, verified, expires, note] = rest;
  const checkpoint = {
    checkpointId: checkpointId!,
    sequence: toNumber(sequence),
    reason: JSON.parse(reason!),
    verified: verified === "1",
  };
  const result = {
    at: time(at),
    revision: toNumber(revision),
    version: toNumber(version),
    fence: toNumber(fence),
    attempt: toNumber(attempt),
    created: created === "1",
    content: JSON.parse(content!),
    checkpoint: checkpointId === NONE ? null : checkpoint,
    expiresAt: expires === NONE ? null : time(expires),
    note: JSON.parse(note!),
  };
  return { writeId: JSON.parse(writeId!), digest: JSON.parse(digest!), result };
}

function decodeStates(text: string): StateRecord[] {
  return records(text, STATE_LINES).map(decodeState);
}

/** Records of so many lines each, one after another. */
function records(text: string, count: number): string[][] {
  const all = text === "" ? [] : lines(text);
  const starts = Array.from({ length: Math.ceil(all.length / count) }, (_, i) => i * count);
  return starts.map((start) => all.slice(start, start + count));
}

function decodeState([version, savedAt, verified, checkpointed, , ...json]: string[]): StateRecord {
  const [content, frame, restoredFrom] = json.map((each) => JSON.parse(each));
  const { storedBytes: _storedBytes, ...facts } = content;
  return {
    version: toNumber(version),
    ...facts,
    savedAt: time(savedAt),
    verified: verified === "1",
    frame,
    checkpointed: checkpointed === "1",
    restoredFrom,
  };
}

function decodeLease(owner: string, ttl: string, expires: string): Lease | null {
  if (owner === "") return null;
  return { owner: JSON.parse(owner), ttlSeconds: toNumber(ttl), expiresAt: time(expires) };
}

function lines(record: string): string[] {
  return record.split("\n");
}

function time(milliseconds: string | undefined): string {
  return new Date(toNumber(milliseconds)).toISOString();
}

function toNumber(value: string | undefined): number {
  const number = Number(value);
  return value && Number.isFinite(number) ? number : missing("number");
}

/** Sums from the fields of their hash. @throws CairnError `unsupported_format`, `unrecoverable` */
export function decodeSums(fields: ReadonlyMap<string, string>): Map<string, number> {
  return undamaged(() => {
    if (fields.size > 0) checkFormat(fields.get("format"));
    const named = [...fields].filter(([field]) => field.startsWith("+"));
    return new Map(named.map(([field, sum]) => [field.slice(1), toNumber(sum)]));
  });
}

function missing(name: string): never {
  throw new TypeError(`${name} is missing`);
}

export function checkFormat(format: string | undefined): void {
  if (toNumber(format) <= FORMAT) return;
  const detail = `A stored record has format ${format}; this release reads ${FORMAT}.`;
  throw new CairnError("unsupported_format", detail);
}

function undamaged<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof CairnError) throw cause;
    throw new CairnError("unrecoverable", "A stored record of the pipeline is damaged.", { cause });
  }
}
