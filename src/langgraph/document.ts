import { compareWritesSortKeys, writesSortKey } from "@langchain/langgraph-checkpoint";
import { CairnClientError } from "../client/errors.ts";
import type { KeptValue } from "./kept-value.ts";
import type { Place } from "./place.ts";

export const DOCUMENT_TYPE = "application/vnd.cairn.langgraph+json";

/** A write that waits for its superstep to end. */
export interface KeptWrite {
  task: string;
  /** Of the task in its graph: writes are applied in the order of path, task, index. */
  path: string;
  /** Below 0: a special one, which replaces the one before. */
  index: number;
  channel: string;
  value: KeptValue;
}

/** One checkpoint of LangGraph, by itself: it needs no other to be whole, so that forks cannot mix. */
export interface KeptCheckpoint {
  id: string;
  parent: string | null;
  /** Without its channel values. */
  checkpoint: KeptValue;
  values: Record<string, KeptValue>;
  metadata: KeptValue;
  /** In their order. */
  writes: KeptWrite[];
}

/** The state of a place's pipeline: a checkpoint. Each version of it is a checkpoint of Cairn, labelled by the id. */
export interface ThreadDocument extends Place {
  format: 1;
  /** The checkpoint put last: the latest. `at` is another one while writes are added to that. */
  tip: string | null;
  at: KeptCheckpoint | null;
  /** Writes that came before their checkpoint did, by its id. */
  early: Record<string, KeptWrite[]>;
}

export function emptyDocument({ thread, namespace }: Place): ThreadDocument {
  return { format: 1, thread, namespace, tip: null, at: null, early: {} };
}

export function earlyWrites({ early }: ThreadDocument, id: string): KeptWrite[] | undefined {
  return Object.hasOwn(early, id) ? early[id] : undefined;
}

/** With a checkpoint as the latest. Put again, it keeps its writes. */
export function withCheckpoint(
  document: ThreadDocument,
  made: Omit<KeptCheckpoint, "writes">,
): ThreadDocument {
  const { at, early } = document;
  const writes = at?.id === made.id ? at.writes : (earlyWrites(document, made.id) ?? []);
  // Others may still be on their way, but not those of older checkpoints.
  const later = Object.entries(early).filter(([id]) => id > made.id);
  return { ...document, tip: made.id, at: { ...made, writes }, early: Object.fromEntries(later) };
}

/** With writes of the checkpoint of that id. The same document when it has them all already. */
export function withWrites(document: ThreadDocument, id: string, writes: KeptWrite[]): ThreadDocument {
  const { at, early } = document;
  if (at?.id === id) {
    const merged = mergeWrites(at.writes, writes);
    return merged === at.writes ? document : { ...document, at: { ...at, writes: merged } };
  }
  return { ...document, early: { ...early, [id]: mergeWrites(earlyWrites(document, id) ?? [], writes) } };
}

/** What a task has written stays, but for special writes: a task that is run again does not change what was applied. */
function mergeWrites(known: KeptWrite[], added: KeptWrite[]): KeptWrite[] {
  const merged = new Map(known.map((write) => [nameOf(write), write]));
  const news = added.filter((write) => write.index < 0 || !merged.has(nameOf(write)));
  if (news.length === 0) return known;
  for (const write of news) merged.set(nameOf(write), write);
  return [...merged.values()].sort((a, b) => compareWritesSortKeys(sortKey(a), sortKey(b)));
}

function nameOf({ task, index }: KeptWrite): string {
  return `${index} ${task}`;
}

function sortKey({ path, task, index }: KeptWrite) {
  return writesSortKey(path, task, index);
}

export function encodeDocument(document: ThreadDocument): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

/** @throws CairnClientError `bad_value` for what this release did not write */
export function decodeDocument({
  bytes,
  contentType,
}: {
  bytes: Uint8Array;
  contentType: string;
}): ThreadDocument {
  const document = contentType === DOCUMENT_TYPE ? JSON.parse(new TextDecoder().decode(bytes)) : null;
  if (document?.format === 1) return document;
  throw new CairnClientError(
    "bad_value",
    "The pipeline holds no LangGraph thread that this release can read.",
  );
}
