import { applyDelta } from "../frames/delta/apply.ts";
import { MAX_BYTES } from "../frames/delta/format.ts";
import type { Base } from "../frames/delta-frame.ts";
import type { BaseContent } from "../frames/frame.ts";
import type { StateRecord } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";

/** All contents together: an isolate has 128 MB, and requests of 25 MB in it. */
const BYTES = 24 * 1024 * 1024;
/** A delta upon more takes longer than storing it whole saves. */
const LARGEST = 8 * 1024 * 1024;
/** More deltas than a client may send before one is made here. */
const MOST_DELTAS = 16;

/** A state, and its content: that of a version before, and the deltas since. */
interface Entry extends Base {
  content: Uint8Array;
  deltas: readonly Uint8Array[];
  /** All of it. */
  size: number;
}

/**
 * The contents of states that this process saved or read last, for deltas upon them. Never answered to anybody, and
 * trusted only through the store's comparison: a delta is conditioned on the very frame whose content this was.
 */
export interface ContentCache {
  /** The state at that version, or undefined. */
  get(key: PipelineKey, version: number): BaseContent | undefined;
  /** Keeps a copy. */
  put(key: PipelineKey, state: StateRecord, content: Uint8Array): void;
  /** The state that a delta upon the one with this frame has made: not made here before it is needed. */
  extend(key: PipelineKey, baseFrameId: string, state: StateRecord, delta: Uint8Array): void;
  forget(key: PipelineKey): void;
}

export function contentCache(): ContentCache {
  const entries = new Map<string, Entry>();
  const name = (key: PipelineKey) => `${key.tenant}/${key.pipelineId}`;
  let total = 0;

  function remove(id: string): void {
    total -= entries.get(id)?.size ?? 0;
    entries.delete(id);
  }

  function set(id: string, entry: Entry): void {
    remove(id);
    entries.set(id, entry);
    total += entry.size;
    for (const oldest of entries.keys()) if (total > BYTES) remove(oldest);
  }

  return {
    get(key, version) {
      const entry = entries.get(name(key));
      if (entry?.frame.version !== version) return undefined;
      const { frame, bytes, verified } = entry;
      const content = entry.deltas.reduce((base, delta) => applyDelta(base, delta, MAX_BYTES), entry.content);
      return { frame, bytes, verified, content };
    },
    put(key, { frame, bytes, verified, version }, content) {
      const known = entries.get(name(key));
      if (known && known.frame.version > version) return;
      remove(name(key));
      if (content.length > LARGEST) return;
      const kept = new Uint8Array(content);
      set(name(key), { frame, bytes, verified, content: kept, deltas: [], size: kept.length });
    },
    extend(key, baseFrameId, { frame, bytes, verified }, delta) {
      const known = entries.get(name(key));
      if (known?.frame.frameId !== baseFrameId) return;
      if (known.deltas.length === MOST_DELTAS || bytes > LARGEST) return remove(name(key));
      const { content, deltas, size } = known;
      const more = [...deltas, new Uint8Array(delta)];
      set(name(key), { frame, bytes, verified, content, deltas: more, size: size + delta.length });
    },
    forget: (key) => remove(name(key)),
  };
}
