import type { Content } from "./values.ts";

/** A version of a pipeline's state. */
export interface Version extends Content {
  version: number;
}

/** The last contents that were saved or loaded, a pipeline each: what deltas are made against. */
export class Memory {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #versions = new Map<string, Version>();
  #bytes = 0;

  /** @param maxBytes of all contents together; a longer one is never kept */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  recall(pipelineId: string): Version | undefined {
    return this.#versions.get(pipelineId);
  }

  /** @param known nobody may change its bytes any more */
  keep(pipelineId: string, known: Version): void {
    this.forget(pipelineId);
    if (known.bytes.length > this.#maxBytes) return;
    this.#versions.set(pipelineId, known);
    this.#bytes += known.bytes.length;
    for (const oldest of this.#versions.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.forget(oldest);
    }
  }

  forget(pipelineId: string): void {
    this.#bytes -= this.#versions.get(pipelineId)?.bytes.length ?? 0;
    this.#versions.delete(pipelineId);
  }
}
