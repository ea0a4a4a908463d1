import type { Commit, CommitOutcome, Effects, Expectation } from "../backends/types.ts";
import { sha256Hex } from "../frames/digest.ts";
import { baseOf } from "../model/chain.ts";
import { CairnError } from "../model/errors.ts";
import type { Head } from "../model/head.ts";
import { newWriteId, type PipelineKey } from "../model/ids.ts";
import { type Committed, refusalError, send } from "./commit.ts";
import { type Caller, type Core, loadHead } from "./core.ts";
import type { Place } from "./head-cache.ts";
import { persistently } from "./retry.ts";

/** One changing verb, before it is bound to a version or revision. */
export interface Write {
  key: PipelineKey;
  caller: Caller;
  /** What the request is, for replays: operation and parameters, contents by their digest. */
  request: readonly unknown[];
  expect: Omit<Expectation, "fence" | "force" | "version" | "revision">;
  /** It is bound to a version without raising it. */
  keepsVersion?: true;
}

/** The version a caller insists on: one of these, any, or none at all. */
export type Precondition = { versions: readonly number[] } | "present" | "absent";

/** Sends a write that needs to know nothing of the head: one round trip. */
export async function writeBlind(core: Core, write: Write, effects: Effects): Promise<Committed> {
  const outcome = await send(core, { ...(await envelope(write)), effects });
  if (outcome.ok) return outcome;
  throw refusalError(outcome, core.backend.capabilities.clockSlackSeconds);
}

/**
 * Sends a write that is bound to a version (its frame is sealed to it). The version is guessed from what this
 * process saw last, or read; a wrong guess is corrected and sent again, unless the caller insists on it. Writes
 * of one process are prepared side by side, and sent in the order of the versions that they expect.
 */
export async function writeAtVersion(
  core: Core,
  write: Write,
  precondition: Precondition | undefined,
  prepare: (version: number, writeId: string, head: Head | null) => Promise<Effects>,
): Promise<Committed> {
  const { key } = write;
  const base = await envelope(write);
  let insisted = await insistedVersion(core, key, precondition);
  if (insisted === undefined && core.heads.expected(key) === undefined) await loadHead(core, key);
  return persistently(async () => {
    const version = insisted ?? core.heads.expected(key) ?? 0;
    const place = core.heads.line(key, version, !write.keepsVersion);
    const ready = async () => {
      const effects = await prepare(version, base.writeId, core.heads.get(key));
      await place.turn;
      const frame = effects.state?.frame.ref;
      const upon = frame && baseOf(frame);
      const expect = { ...base.expect, version, ...(upon === undefined ? {} : { base: upon }) };
      return { ...base, expect, effects };
    };
    const outcome = await sendInTurn(core, ready, place);
    if (outcome.ok) return outcome;
    const actual = outcome.head?.version ?? 0;
    // What is known of this version's content is not what the store has: all that is remembered may be wrong.
    if (outcome.refusal === "base_mismatch") {
      core.contents.forget(key);
      place.missed(actual);
      return null;
    }
    if (outcome.refusal !== "version_mismatch" || !accepts(precondition, actual)) {
      core.heads.forget(key);
      const none = outcome.refusal === "not_found" || outcome.refusal === "no_state";
      if (precondition && none) throw noSuchVersion();
      throw refusalError(outcome, core.backend.capabilities.clockSlackSeconds);
    }
    place.missed(actual);
    if (typeof precondition === "object") insisted = actual;
    return null;
  });
}

/**
 * Sends a write that is made from what was read, on condition that the head is still at that revision; one that
 * another came before is made anew.
 *
 * @param make the write's revision and effects, from the head as it is now; or its answer, when that is a replay
 */
export function writeAtRevision(
  core: Core,
  base: Omit<Commit, "effects">,
  make: () => Promise<Committed | { revision: number; effects: Effects }>,
): Promise<Committed> {
  return persistently(async () => {
    const made = await make();
    if ("result" in made) return made;
    const { revision, effects } = made;
    const outcome = await send(core, { ...base, expect: { ...base.expect, revision }, effects });
    if (outcome.ok) return outcome;
    if (outcome.refusal === "revision_mismatch") return null;
    throw refusalError(outcome, core.backend.capabilities.clockSlackSeconds);
  });
}

/** Whoever is behind in the line may go once this one has been handed to the store, or has failed before. */
async function sendInTurn(core: Core, ready: () => Promise<Commit>, place: Place): Promise<CommitOutcome> {
  try {
    const commit = await ready();
    const sending = send(core, commit);
    place.leave();
    return await sending;
  } finally {
    place.leave();
  }
}

/** RFC 9110 §13.1.1: `If-Match` is false when there is no current representation. */
function noSuchVersion(): CairnError {
  return new CairnError("precondition_failed", "There is no state to match.");
}

/** What a condition on another version than the current one is answered with. */
export function wrongVersion(version: number): CairnError {
  return new CairnError("precondition_failed", `The state is at version ${version}.`, { version });
}

/** The version that the caller's condition binds the write to, if it does. */
async function insistedVersion(
  core: Core,
  key: PipelineKey,
  precondition: Precondition | undefined,
): Promise<number | undefined> {
  if (typeof precondition !== "object") return undefined;
  if (precondition.versions.length === 1) return precondition.versions[0]!;
  const version = (await loadHead(core, key))?.version ?? 0;
  // A version that is not among them is refused by the store, which also looks for a replay.
  return precondition.versions.includes(version) ? version : (precondition.versions[0] ?? -1);
}

/** Whether the caller's condition lets a write go over this version. */
export function accepts(precondition: Precondition | undefined, version: number): boolean {
  return typeof precondition !== "object" || precondition.versions.includes(version);
}

/** The unchanging part of a commit: who, what, under which write id. */
export async function envelope(write: Write): Promise<Omit<Commit, "effects">> {
  const { caller, key } = write;
  const expect: Expectation = { ...write.expect };
  if (caller.fence !== undefined) expect.fence = caller.fence;
  if (caller.force) expect.force = true;
  // 128 bits: 64 of them are in every head, and hardly compress.
  const digest = (await sha256Hex(JSON.stringify(write.request))).slice(0, 32);
  return { key, writeId: caller.idempotencyKey ?? newWriteId(), digest, expect };
}
