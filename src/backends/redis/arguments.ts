import { type Link, storedBytesOf } from "../../model/chain.ts";
import type { Frame } from "../../model/frame.ts";
import type { Commit, Effects, NewState } from "../types.ts";
import { milliseconds, SETTINGS, waitsOf } from "./fields.ts";
import { frameName, type Keys, safe } from "./keys.ts";
import { commitScript } from "./lua/commit.ts";
import { type Part, partLines } from "./parts.ts";
import type { ScriptCall } from "./script.ts";
import type { Argument } from "./transport.ts";

/** How a frame of a commit travels: with it, or in parts that were stored before. */
export type Carried = { bytes: Argument } | { parts: readonly Part[] };

type Named = Record<string, Argument | undefined>;

/** The frames that a commit brings, by the name its arguments have. */
export function framesOf({ effects }: Commit): Partial<Record<"state" | "data", Frame>> {
  const data = effects.checkpoint?.data?.frame;
  return { ...(effects.state && { state: effects.state.frame }), ...(data && { data }) };
}

/**
 * The call that makes a commit, but for its frames: every value is text of one line, JSON where it is not ours.
 *
 * @param aheadMilliseconds for tests: how far ahead of the store's clock it is
 */
export function commitCall(keys: Keys, commit: Commit, aheadMilliseconds: number): ScriptCall {
  const { key, expect } = commit;
  const names = keys.of(key);
  const { head, writes, checkpoints, order, named, events } = names;
  const args: Named = {
    id: JSON.stringify(commit.writeId),
    digest: JSON.stringify(commit.digest),
    frames: names.frame,
    chains: names.chain,
    staged: names.staged,
    member: key.pipelineId,
    dueMember: `${key.tenant}:${key.pipelineId}`,
    ahead: aheadMilliseconds ? String(aheadMilliseconds) : undefined,
    create: expect.create,
    state: expect.state,
    version: number(expect.version),
    revision: number(expect.revision),
    base: expect.base === undefined ? undefined : frameName(expect.base),
    fence: number(expect.fence),
    force: flag(expect.force),
    ...effectArguments(commit.effects),
  };
  return {
    script: commitScript,
    keys: [head, writes, checkpoints, order, named, events, keys.index(key.tenant), keys.due],
    args: flatten(args),
  };
}

/** The call with the frames as they travel. */
export function withFrames(call: ScriptCall, frames: Partial<Record<"state" | "data", Carried>>): ScriptCall {
  const args = [...call.args];
  for (const [name, carried] of Object.entries(frames)) {
    if ("bytes" in carried) args.push(`${name}Bytes`, carried.bytes);
    else args.push(`${name}Parts`, partLines(carried.parts));
  }
  return { ...call, args };
}

function effectArguments(effects: Effects): Named {
  const { status, care, lookAt, events = [], checkpoints = new Map() } = effects;
  const changes = [...checkpoints].map(([id, how]) => `${safe(id)}\n${how}`);
  return {
    ...stateArguments(effects.state),
    ...checkpointArguments(effects.checkpoint),
    ...leaseArguments(effects.lease),
    ...settingsArguments(effects.settings),
    care: care && JSON.stringify(care),
    lookAt: lookAt === undefined ? undefined : milliseconds(lookAt),
    dropReplaced: flag(effects.dropReplaced),
    verified: flag(effects.verified),
    changes: changes.length > 0 ? changes.join("\n") : undefined,
    status,
    resumed: flag(effects.resumed),
    remove: flag(effects.remove),
    frees: flag(isFreeing(effects)),
    events: events.length > 0 ? events.map(eventLines).join("\n") : undefined,
    note: JSON.stringify(effects.note ?? null),
  };
}

/** Takes something away, and stores no content: what is left to do where the store is full. */
function isFreeing({ state, checkpoint, checkpoints, lease, remove }: Effects): boolean {
  if (state || checkpoint) return false;
  const drops = [...(checkpoints?.values() ?? [])].includes("drop");
  return remove === true || drops || (lease !== undefined && "release" in lease);
}

function eventLines(draft: { type: string }): string {
  return `${draft.type}\n${JSON.stringify(draft)}`;
}

function stateArguments(state: Effects["state"]): Named {
  if (!state) return {};
  const staged = state.staged ?? [];
  return {
    stateStaged: staged.length > 0 ? staged.map(linkLines).join("\n") : undefined,
    stateFrameId: frameName(state.frame.ref.frameId),
    stateFrame: JSON.stringify(state.frame.ref),
    stateContent: content(state),
    stateVerified: state.verified ? "1" : "0",
    stateRestored: JSON.stringify(state.restoredFrom),
  };
}

function linkLines({ frameId, storedBytes }: Link): string {
  return `${frameName(frameId)}\n${storedBytes}`;
}

function checkpointArguments(checkpoint: Effects["checkpoint"]): Named {
  if (!checkpoint) return {};
  const { checkpointId, label, metadata, reason, data } = checkpoint;
  return {
    checkpoint: safe(checkpointId),
    label: JSON.stringify(label),
    metadata: JSON.stringify(metadata),
    reason: JSON.stringify(reason),
    ...(data && {
      dataFrameId: frameName(data.frame.ref.frameId),
      dataFrame: JSON.stringify(data.frame.ref),
      dataContent: content(data),
    }),
  };
}

/** What a result and a checkpoint say of their content. */
function content({ contentType, bytes, sha256, frame }: Omit<NewState, "restoredFrom" | "verified">): string {
  return JSON.stringify({ contentType, bytes, storedBytes: storedBytesOf(frame.ref), sha256 });
}

function leaseArguments(change: Effects["lease"]): Named {
  if (!change) return {};
  if ("take" in change)
    return { take: JSON.stringify(change.take.owner), ttl: String(change.take.ttlSeconds) };
  return "renew" in change ? { renew: "1", ttl: number(change.renew.ttlSeconds) } : { release: "1" };
}

function settingsArguments(settings: Effects["settings"] = {}): Named {
  const given = SETTINGS.filter((name) => settings[name] !== undefined);
  const texts = given.map((name) => [`settings.${name}`, JSON.stringify(settings[name])]);
  return { ...Object.fromEntries(texts), ...waitsOf(settings) };
}

function flatten(args: Named): Argument[] {
  return Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}

function number(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function flag(value: boolean | undefined): string | undefined {
  return value ? "1" : undefined;
}
