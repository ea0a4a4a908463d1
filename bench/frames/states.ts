import { deflateSync } from "node:zlib";
import { encodeDelta } from "../../src/frames/delta/encode.ts";
import { sha256Hex } from "../../src/frames/digest.ts";
import { once } from "../../src/model/once.ts";
import { growingPipeline, randomFrom } from "../../test/frames/delta/versions.ts";

export const SEED = 20261123;

/** One state of the growing pipeline, and what a client makes of it before it sends anything. */
export interface Step {
  content: Uint8Array;
  sha256: string;
  /** Upon the state before it; of the first, upon nothing. */
  delta: Uint8Array;
  /** What a saver that stores every version whole takes: it, deflated. gzip takes 12 bytes more. */
  deflated: number;
}

/** 100 tasks: from 0.8 to 1.6 MB. */
export const growingSteps = once(async (): Promise<Step[]> => {
  const steps: Step[] = [];
  let before = new Uint8Array();
  for (const content of growingPipeline(randomFrom(SEED))) {
    const delta = encodeDelta(before, content);
    steps.push({ content, sha256: await sha256Hex(content), delta, deflated: deflateSync(content).length });
    before = content as Uint8Array<ArrayBuffer>;
  }
  return steps;
});

/** Of deflate (RFC 1950) as gzip (RFC 1952). */
export const GZIP_MORE = 12;
