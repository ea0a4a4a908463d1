import { noise } from "../../src/backends/contract/support.ts";
import type { Commit, Effects } from "../../src/backends/types.ts";
import { chainOf, depthOf } from "../../src/model/chain.ts";
import { EventType } from "../../src/model/event.ts";
import type { Frame, FrameRef } from "../../src/model/frame.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import type { Step } from "./random-steps.ts";

export { type Step, step } from "./random-steps.ts";

/** Changes of no consequence, by which older writes are forgotten. */
export function idle(key: PipelineKey, serial: number): Commit {
  const names = { key, writeId: `write-${serial}`, digest: `digest-${serial}` };
  return { ...names, expect: { create: "anew", force: true }, effects: { settings: { kind: "idle" } } };
}

/** Where a commit of a step is to land. */
export interface Place {
  key: PipelineKey;
  head: Head | null;
  /** Ids of the checkpoints there. */
  checkpoints: readonly string[];
  /** Unique in the run. */
  serial: number;
}

/** The commit that a step is, on the heads there. */
export function commitOf({ expect, effects }: Step, { key, head, checkpoints, serial }: Place): Commit {
  const version = head?.version ?? 0;
  const frames = effects.state !== null || (effects.checkpoint !== null && effects.checkpoint.data !== null);
  const offset = expect.version ?? (frames ? 0 : null);
  return {
    key,
    writeId: `write-${serial}`,
    digest: `digest-${serial}`,
    expect: {
      create: expect.create,
      ...(expect.state !== null && { state: expect.state }),
      ...(offset !== null && { version: version + offset }),
      ...(expect.revision !== null && { revision: (head?.revision ?? 0) + expect.revision }),
      ...(expect.fence !== null &&
        (head?.fence || expect.fence) && { fence: (head?.fence ?? 0) + expect.fence }),
      ...(expect.force && { force: true }),
      ...baseOf(expect.base, effects.state?.delta === true, head),
    },
    effects: effectsOf(effects, version + (offset ?? 0), head, checkpoints, serial),
  };
}

function baseOf(base: Step["expect"]["base"], delta: boolean, head: Head | null): { base?: string } {
  if (base === "wrong") return { base: "1-none.0" };
  const named = base === "right" || delta ? head?.state?.frame.frameId : undefined;
  return named === undefined ? {} : { base: named };
}

function effectsOf(
  drawn: Step["effects"],
  version: number,
  head: Head | null,
  checkpoints: readonly string[],
  serial: number,
): Effects {
  const { state, checkpoint, changes, lease, status, settings, events, note } = drawn;
  const facts = (bytes: number) => ({
    contentType: `text/x-${serial}`,
    bytes,
    sha256: `${serial}`.padStart(64, "0"),
  });
  const ids = changes.map(({ at, how }) => [placeOf(checkpoints, at) ?? checkpointId(1e9), how] as const);
  // Mostly a change of status is told: not again where it is so already.
  const told = EventType().safeParse(status).data;
  const said = told && serial % 4 > 0 ? [...events, { type: told }] : events;
  const restoredFrom = state?.restored ? { checkpointId: checkpoints[0] ?? null, version } : null;
  return {
    ...(state &&
      !drawn.remove && {
        state: {
          ...facts(state.bytes),
          verified: state.verified,
          restoredFrom,
          frame: frameOf(version + 1, serial, state.bytes, state.delta ? head?.state?.frame : undefined),
        },
      }),
    ...(drawn.dropReplaced && { dropReplaced: true }),
    ...(drawn.verified && { verified: true }),
    ...(checkpoint &&
      !drawn.remove && {
        checkpoint: {
          checkpointId: checkpointId(serial),
          label: checkpoint.label,
          metadata: checkpoint.metadata as never,
          reason: checkpoint.reason,
          ...(checkpoint.data !== null && {
            data: { ...facts(checkpoint.data), frame: frameOf(version, -serial, checkpoint.data) },
          }),
        },
      }),
    ...(ids.length > 0 && { checkpoints: new Map(ids) }),
    ...(lease && { lease }),
    ...(status && { status }),
    ...(drawn.resumed && { resumed: true }),
    ...(drawn.care && { care: drawn.care }),
    ...(drawn.lookAt && { lookAt: timeOf(drawn.lookAt.seconds) }),
    ...(settings && { settings }),
    ...(drawn.remove && { remove: true }),
    ...(said.length > 0 && { events: said }),
    ...(note !== null && { note }),
  };
}

function timeOf(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}

/** Rarely one that is not there. */
function placeOf(checkpoints: readonly string[], at: number): string | undefined {
  return at === 11 ? undefined : checkpoints[at % Math.max(1, checkpoints.length)];
}

function checkpointId(serial: number): string {
  return `019aaf3e-8f00-7c11-b3a1-${serial.toString(16).padStart(12, "0")}`;
}

/** A frame that no one will decode: only its bytes and its place matter here. */
function frameOf(version: number, serial: number, bytes: number, base?: FrameRef): Frame {
  const content = noise(bytes, serial);
  const name = `${version}-${serial}`;
  const facts = { codec: "identity", storedSha256: name, storedBytes: bytes, seal: name, version };
  if (!base) return { ref: { frameId: `${name}.0`, ...facts }, bytes: content };
  const link = `${bytes.toString(36)}-x${serial}`;
  const chain = {
    links: base.chain ? `${base.chain.links}.${link}` : link,
    storedBytes: (base.chain ?? base).storedBytes + bytes,
    base: base.chain?.base ?? { codec: "identity", bytes: base.storedBytes },
    full: { bytes: 1, storedBytes: 1 },
    unverified: 0,
  };
  return {
    ref: { frameId: `${chainOf(base)}.${depthOf(base) + 1}-${link}`, ...facts, chain },
    bytes: content,
  };
}
