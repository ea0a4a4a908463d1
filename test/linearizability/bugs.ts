import type { Loaded } from "../../src/backends/types.ts";
import { type Bug, noFence, noReplay, readThenWrite } from "../backends/planted.ts";

const REMEMBERED_MS = 200;

/** What was read once is answered for a while, whatever others have written since. */
const staleReads: Bug = (inner, now) => {
  const remembered = new Map<string, { loaded: Loaded | null; at: number }>();
  return {
    ...inner,
    async load(key, options) {
      const name = `${key.tenant}/${key.pipelineId}/${options?.frames}`;
      const known = remembered.get(name);
      if (known && now() < known.at + REMEMBERED_MS) return known.loaded;
      const loaded = await inner.load(key, options);
      remembered.set(name, { loaded, at: now() });
      return loaded;
    },
  };
};

/** Mistakes of a service that must be found. */
export const BUGS = { readThenWrite, noReplay, noFence, staleReads } satisfies Record<string, Bug>;
export type BugName = keyof typeof BUGS;
