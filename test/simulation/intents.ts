import { applyDelta } from "../../src/frames/delta/apply.ts";
import { depthOf } from "../../src/model/chain.ts";
import type { Frame } from "../../src/model/frame.ts";
import { parseLossless, stringifyLossless } from "../../src/model/json/lossless.ts";
import { mergeJson } from "../../src/recovery/merge/merge.ts";

/** What a client meant a write to make. */
export type Intent =
  | { kind: "whole"; bytes: Uint8Array }
  | { kind: "patch"; patch: Record<string, unknown> }
  /** Made from an earlier version, to be merged with what others made of it. */
  | { kind: "merge"; base: Uint8Array; bytes: Uint8Array }
  /** One member of a checkpoint, into the state as it is. */
  | { kind: "part"; name: string; from: Uint8Array }
  /** The data of a checkpoint. */
  | { kind: "data"; bytes: Uint8Array };

/** Of a stored delta, before the delta itself (src/frames/delta-frame.ts). */
const DELTA_HEADER = 38;

/** The content that stored bytes make, decoded without a look at any digest. */
export function contentOf({ ref, bytes }: Frame, base: Uint8Array | undefined): Uint8Array {
  if (depthOf(ref) === 0) return new Uint8Array(bytes);
  if (!base) throw new Error(`a delta upon nothing: ${ref.frameId}`);
  return new Uint8Array(applyDelta(base, bytes.subarray(DELTA_HEADER), 2 ** 30));
}

/** What is wrong with a content that was written, or null. */
export function problemOf(
  intent: Intent,
  content: Uint8Array,
  before: Uint8Array | undefined,
): string | null {
  if (intent.kind === "whole" || intent.kind === "data")
    return sameBytes(intent.bytes, content) ? null : "it is not what was sent";
  const wanted = JSON.stringify(sorted(wantedOf(intent, before)));
  const is = JSON.stringify(sorted(parsed(content)));
  return is === wanted ? null : `it is not what the ${intent.kind} makes`;
}

type Change = Extract<Intent, { kind: "patch" | "merge" | "part" }>;

function wantedOf(intent: Change, before: Uint8Array | undefined): unknown {
  const current = before && parsed(before);
  if (intent.kind === "patch") return patched(current, intent.patch);
  if (intent.kind === "part") {
    const { [intent.name]: part } = parsed(intent.from) as Record<string, unknown>;
    return { ...(current as object), [intent.name]: part };
  }
  if (!before || sameBytes(before, intent.base)) return parsed(intent.bytes);
  const sides = [intent.base, before, intent.bytes].map((bytes) => parseLossless(textOf(bytes)));
  const outcome = mergeJson(sides[0]!, sides[1]!, sides[2]!, {});
  return outcome.ok ? JSON.parse(stringifyLossless(outcome.value)) : "a clash";
}

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(textOf(bytes));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** RFC 7396, once more. */
function patched(base: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const next: Record<string, unknown> = isObject(base) ? { ...base } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete next[name];
    else next[name] = patched(next[name], value);
  }
  return next;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
