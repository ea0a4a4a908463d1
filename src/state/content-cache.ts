import type { BaseContent } from "../frames/frame.ts";
import type { StateRecord } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";

/** All contents together: an isolate has 128 MB, and requests of 25 MB in it. */
const BYTES = 24 * 1024 * 1024;
/** A delta upon more takes longer than storing it whole saves. */
const LARGEST = 8 * 1024 * 1024;

/**
 * The contents of states that this process saved or read last, for deltas upon them. Never answered to anybody, and
 * trusted only through the store's comparison: a delta is conditioned on the very frame whose content this was.
 */
export interface ContentCache {
  /** The state at that version, or undefined. */
  get(key: PipelineKey, version: number): BaseContent | undefined;
  /** Keeps a copy. */
  put(key: PipelineKey, state: StateRecord, content: Uint8Array): void;
  forget(key: PipelineKey): void;
}

export function contentCache(): ContentCache {
  const entries = new Map<string, BaseContent>();
  const name = (key: PipelineKey) => `${key.tenant}/${key.pipelineId}`;
  let total = 0;

  function remove(id: string): void {
    total -= entries.get(id)?.content.length ?? 0;
    entries.delete(id);
  }

  return {
    get(key, version) {
      const entry = entries.get(name(key));
      return entry?.frame.version === version ? entry : undefined;
    },
    put(key, { frame, bytes, verified, version }, content) {
      const known = entries.get(name(key));
      if (known && known.frame.version > version) return;
      remove(name(key));
      if (content.length > LARGEST) return;
      entries.set(name(key), { frame, bytes, verified, content: new Uint8Array(content) });
      total += content.length;
      for (const id of entries.keys()) if (total > BYTES) remove(id);
    },
    forget: (key) => remove(name(key)),
  };
}
