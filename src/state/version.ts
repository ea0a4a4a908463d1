import { rebuild } from "../frames/rebuild.ts";
import { depthOf, linksOf } from "../model/chain.ts";
import type { CheckpointRecord } from "../model/checkpoint.ts";
import { type Head, type StateRecord, statesOf } from "../model/head.ts";
import type { PipelineKey } from "../model/ids.ts";
import { everyCheckpoint } from "./checkpoints.ts";
import type { Core } from "./core.ts";
import type { Large } from "./large.ts";
import { readContent, requireHead } from "./read.ts";

type Owner = StateRecord | CheckpointRecord;

/** The content of a version. */
export interface VersionContent {
  content: Uint8Array | Large;
  /** Null where only the frames are left: they do not say. */
  contentType: string | null;
}

/**
 * The content of any version that is still kept: the current one, the one before, one of a checkpoint, or one that
 * any of these is rebuilt from. Null when there is none that verifies (any more).
 *
 * A version that is left only inside the chain of a later one is checked by the digests of all stored frames, not by
 * that of its content, which no record has any more.
 *
 * @param head what the caller has read of it
 * @throws CairnError `not_found` without a pipeline
 */
export async function readVersion(
  core: Core,
  key: PipelineKey,
  version: number,
  head?: Head,
): Promise<VersionContent | null> {
  let known = head ?? (await requireHead(core, key));
  for (;;) {
    const found = await readKept(core, key, version, known);
    if (found || version > known.version) return found;
    const now = await requireHead(core, key);
    // Frames that went while they were looked for may be in a checkpoint that was made meanwhile.
    if (now.revision === known.revision) return null;
    known = now;
  }
}

async function readKept(
  core: Core,
  key: PipelineKey,
  version: number,
  head: Head,
): Promise<VersionContent | null> {
  const states = statesOf(head);
  const own = states.filter((state) => state.version === version);
  for (const owner of new Set([...own, ...states])) {
    const found = await readFrom(core, key, version, owner);
    if (found) return found;
  }
  return version > head.version ? null : readCheckpointed(core, key, version);
}

/** Checkpoints come newest first: those behind the version cannot hold it. */
async function readCheckpointed(
  core: Core,
  key: PipelineKey,
  version: number,
): Promise<VersionContent | null> {
  for await (const record of everyCheckpoint(core, key, 50)) {
    if (record.version < version) return null;
    const found = record.source === "state" ? await readFrom(core, key, version, record) : null;
    if (found) return found;
  }
  return null;
}

/** Null when the version is not in the owner's chain, or does not verify. */
async function readFrom(
  core: Core,
  key: PipelineKey,
  version: number,
  owner: Owner,
): Promise<VersionContent | null> {
  if (owner.version === version) {
    const { contentType } = owner;
    const decoded = await readContent(core, key, owner);
    return decoded.ok ? { content: decoded.content, contentType } : null;
  }
  const depth = version - (owner.version - depthOf(owner.frame));
  if (depth < 0 || version > owner.version) return null;
  const links = linksOf(owner.frame);
  const stored = await core.backend.frames(key, links);
  const rebuilt = await rebuild(key, owner, links, stored, core.frames, depth);
  return rebuilt.ok ? { content: rebuilt.content, contentType: null } : null;
}
