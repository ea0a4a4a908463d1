import type { NewState } from "../backends/types.ts";
import { encodeFrame } from "../frames/frame.ts";
import { CairnError } from "../model/errors.ts";
import type { PipelineKey } from "../model/ids.ts";
import { checkedJsonText } from "../model/json-content.ts";
import type { Core } from "../state/core.ts";
import { damagedState, tryState, wholeOf } from "../state/read.ts";
import type { RecoveryPoint } from "../state/recovery-point.ts";
import { recoverParts } from "./select.ts";

/**
 * The state as it is with parts of a checkpoint, and the revision it was read at.
 *
 * @throws CairnError `unrecoverable` when the state is damaged, `not_json`, `select_failed`, `too_large`
 */
export async function withParts(
  core: Core,
  key: PipelineKey,
  writeId: string,
  point: RecoveryPoint,
  {
    select,
    maxBytes = Number.POSITIVE_INFINITY,
  }: { select: readonly string[]; maxBytes?: number | undefined },
): Promise<{ revision: number; state: NewState }> {
  const found = await tryState(core, key);
  if (!found.ok) throw damagedState(found);
  const { revision, version } = found.head;
  const { contentType } = found.state;
  const [current, checkpoint] = await Promise.all([wholeOf(found.content), wholeOf(point.content)]);
  const text = recoverParts(
    checkedJsonText(contentType, current),
    checkedJsonText(point.contentType, checkpoint),
    select,
  );
  const content = new TextEncoder().encode(text);
  if (content.length > maxBytes) {
    throw new CairnError("too_large", `With these parts the state has more than ${maxBytes} bytes.`);
  }
  const { contentSha256: sha256, ...frame } = await encodeFrame(
    key,
    version + 1,
    writeId,
    content,
    core.frames,
  );
  // It is no checkpoint's state: a rollback goes on from this very version.
  const restoredFrom = { checkpointId: null, version: version + 1 };
  const state = { contentType, bytes: content.length, sha256, verified: true, restoredFrom, frame };
  return { revision, state };
}
