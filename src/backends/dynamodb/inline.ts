import { bytesIn } from "../../model/bytes.ts";
import { chainOf } from "../../model/chain.ts";
import type { Draft } from "./draft.ts";
import type { Frames } from "./frames.ts";
import { FRAMES } from "./keys.ts";
import { withOutside } from "./record.ts";

/**
 * Takes frames out of the head when they are too much for it, many at once, so that most commits are one request; and
 * what will be in a row sooner or later when rows are written anyway. The state's own frame stays.
 */
export function takeOut(draft: Draft, beside: boolean): Frames {
  const [lasting, ...others] = leaving(draft);
  const gone = new Map<string, Uint8Array>();
  if (beside) move(draft, lasting!, gone);
  for (const ids of [lasting!, ...others])
    if (bytesIn(draft.frames.values()) > draft.shelves.inlineBytes) move(draft, ids, gone);
  const names = [...gone.keys()].map((frameId) => FRAMES + chainOf({ frameId }));
  draft.record = withOutside(draft.record!, names);
  return gone;
}

/** The frames that may leave, in groups: what the head has had and its chain goes on, what it has had, what is new. */
function leaving({ record, opened, frames }: Draft): string[][] {
  const { state, history } = record!.head;
  const going = history.filter((version) => !version.checkpointed).map(({ frame }) => chainOf(frame));
  const passing = new Set(going.filter((chain) => !state || chain !== chainOf(state.frame)));
  const ids = [...frames.keys()].filter((id) => id !== state?.frame.frameId);
  const settled = ids.filter((id) => opened.frames.has(id));
  const lasting = settled.filter((frameId) => !passing.has(chainOf({ frameId })));
  return [lasting, settled, ...ids.filter((id) => !opened.frames.has(id)).map((id) => [id])];
}

function move({ frames }: Draft, ids: readonly string[], to: Map<string, Uint8Array>): void {
  for (const id of ids) {
    const bytes = frames.get(id);
    if (bytes) to.set(id, bytes);
    frames.delete(id);
  }
}
