import type { Commit } from "../../backends/types.ts";
import { sha256Hex } from "../../frames/digest.ts";
import { CairnError } from "../../model/errors.ts";
import type { Head } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import { parseLossless, stringifyLossless } from "../../model/json/lossless.ts";
import type { JsonValue } from "../../model/json/value.ts";
import { checkedJsonText } from "../../model/json-content.ts";
import { replayOf } from "../../state/commit.ts";
import type { Core } from "../../state/core.ts";
import type { Large } from "../../state/large.ts";
import { stateToChange } from "../../state/patch.ts";
import { damagedState, wholeOf } from "../../state/read.ts";
import { persistently } from "../../state/retry.ts";
import { askedOf, type Saved, type SaveInput, savedAnswer, saveState } from "../../state/save.ts";
import { readVersion } from "../../state/version.ts";
import { envelope } from "../../state/write.ts";
import { type Merged, mergeJson } from "./merge.ts";

export interface MergeInput extends Omit<SaveInput, "precondition" | "request"> {
  /** The version that the content was made from. */
  version: number;
  /** The longest content that may come out. */
  maxBytes: number;
}

/** The three-way merge under way: what stays the same however often it is tried. */
interface Merging {
  key: PipelineKey;
  input: MergeInput;
  request: readonly unknown[];
  base: Pick<Commit, "writeId" | "digest">;
  incoming: JsonValue;
  /** The version that both sides changed, once it is known. */
  ancestor?: JsonValue;
}

/**
 * Saves content over the version it was made from; when others have saved since, merges what it changes with what
 * they did (`mergeJson`, clashes settled by the pipeline's `merge` policy), and saves that. Merged content is compact
 * JSON of the type given. Merges of one process take turns.
 *
 * @throws CairnError `merge_conflict` with the pointers that clash, `precondition_failed` when there is no such
 *   version (any more), `not_json`, `too_large`, `unrecoverable` when the state is damaged, and what a save throws
 */
export async function mergeState(core: Core, key: PipelineKey, input: MergeInput): Promise<Saved> {
  const { caller, content, contentType, version } = input;
  const incoming = parseLossless(checkedJsonText(contentType, content));
  const digest = await sha256Hex(content);
  const request = ["merge", version, contentType, digest, ...askedOf(input)];
  // One write id for all tries: a try whose outcome was unknown must be found again.
  const base = await envelope({ key, caller, request, expect: { create: "never" } });
  const merging: Merging = { key, input, request, base, incoming };
  return core.inTurn(key, async () => {
    const plain = await saveOver(core, merging, version, content);
    return plain ?? persistently(() => mergeOnce(core, merging));
  });
}

/** Null when another write came between. */
async function mergeOnce(core: Core, merging: Merging): Promise<Saved | null> {
  const { key, base, input } = merging;
  const found = await stateToChange(core, key);
  const { head, state } = found;
  const replay = replayOf(head, base);
  if (replay) return savedAnswer(key, input, replay);
  if (!found.ok) throw damagedState(found);
  merging.ancestor ??= await ancestorOf(core, merging, head);
  const current = await parsed(found.content, state.contentType);
  const merged = mergedValue(mergeJson(merging.ancestor, current, merging.incoming, head.merge), head);
  const content = new TextEncoder().encode(stringifyLossless(merged));
  if (content.length > input.maxBytes)
    throw new CairnError("too_large", `Merged, the state has more than ${input.maxBytes} bytes.`);
  return saveOver(core, merging, head.version, content);
}

/** Null when the state is at another version. */
async function saveOver(
  core: Core,
  { key, input, request, base }: Merging,
  version: number,
  content: Uint8Array,
): Promise<Saved | null> {
  const { version: _made, maxBytes: _most, ...save } = input;
  const caller = { ...save.caller, idempotencyKey: base.writeId };
  const precondition = { versions: [version] };
  try {
    return await saveState(core, key, { ...save, content, caller, request, precondition });
  } catch (error) {
    // Without a version there is no state, and nothing to merge with.
    const moved = error instanceof CairnError && error.code === "precondition_failed" && error.facts.version;
    if (!moved) throw error;
    return null;
  }
}

/** @throws CairnError `precondition_failed` when the version is not kept */
async function ancestorOf(core: Core, { key, input: { version } }: Merging, head: Head): Promise<JsonValue> {
  const found = await readVersion(core, key, version, head);
  if (found) return parsed(found.content, found.contentType ?? "application/json");
  const why = version > head.version ? "there was none yet" : "that is not kept any more";
  const detail = `The state is at version ${head.version}. Changes upon version ${version} cannot be merged: ${why}.`;
  throw new CairnError("precondition_failed", detail, { version: head.version });
}

/** @throws CairnError `not_json`, `too_large` for what may not be in memory at once */
async function parsed(content: Uint8Array | Large, contentType: string): Promise<JsonValue> {
  return parseLossless(checkedJsonText(contentType, await wholeOf(content)));
}

/** @throws CairnError `merge_conflict` */
function mergedValue(merged: Merged, { version }: Head): JsonValue {
  if (merged.ok) return merged.value;
  const { clashes, count } = merged;
  const more = count > clashes.length ? ` The first ${clashes.length} are listed.` : "";
  const places = count === 1 ? "one place" : `${count} places`;
  const detail = `Version ${version} and this save changed ${places} in ways that do not go together.${more}`;
  throw new CairnError("merge_conflict", detail, { errors: clashes, version });
}
