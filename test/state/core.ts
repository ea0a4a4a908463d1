import { memoryBackend } from "../../src/backends/memory.ts";
import type { FrameRef } from "../../src/model/frame.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import type { Large } from "../../src/state/large.ts";
import { listEvents } from "../../src/state/pipelines.ts";
import { type Saved, saveState } from "../../src/state/save.ts";
import { damageable } from "../backends/damageable.ts";
import { flaky } from "../backends/flaky.ts";

export const KEY: PipelineKey = { tenant: "acme", pipelineId: "nightly" };

/** Verbs over a memory backend that can be damaged, whose line can fail, and whose clock can be moved. */
export function bench() {
  const clock = { now: Date.parse("2026-11-23T08:00:00Z") };
  const line = flaky(memoryBackend({ now: () => clock.now }));
  const { backend, damage } = damageable(line.backend);
  return {
    backend,
    core: createCore({ backend }),
    clock,
    plan: line.plan,
    damage: (ref: FrameRef) => damage(KEY, ref, "flip"),
  };
}

export function save(
  core: Core,
  text: string,
  options: { checkpoint?: boolean; fence?: number; idempotencyKey?: string } = {},
): Promise<Saved> {
  const { checkpoint, ...caller } = options;
  return saveState(core, KEY, {
    content: new TextEncoder().encode(text),
    contentType: "text/plain",
    caller,
    checkpoint: checkpoint ? "always" : "never",
  });
}

/** Of content that is not in parts. */
export function textOf(content: Uint8Array | Large): string {
  return new TextDecoder().decode(content as Uint8Array);
}

/** Types of all events, oldest first. */
export async function eventTypes(core: Core): Promise<string[]> {
  const { data } = await listEvents(core, KEY, { limit: 500 });
  return data.map((event) => event.type).reverse();
}
