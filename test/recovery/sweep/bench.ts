import { vi } from "vitest";
import { memoryBackend } from "../../../src/backends/memory.ts";
import type { StorageBackend } from "../../../src/backends/types.ts";
import type { PipelineKey } from "../../../src/model/ids.ts";
import type { Settings } from "../../../src/model/pipeline.ts";
import { type SweepOptions, sweep } from "../../../src/recovery/sweep/sweep.ts";
import type { Delivery } from "../../../src/recovery/wake/delivery.ts";
import type { Interruption } from "../../../src/recovery/wake/message.ts";
import { createCore } from "../../../src/state/core.ts";
import { acquireLease } from "../../../src/state/lease.ts";
import { listEvents, registerPipeline } from "../../../src/state/pipelines.ts";
import { saveState } from "../../../src/state/save.ts";

export const HOOK = "https://owner.example.com/wake";

/** A service over memory whose clock is moved by hand, and an owner who answers as told. */
export function service(backendOf: (now: () => number) => StorageBackend = (now) => memoryBackend({ now })) {
  const clock = { now: Date.parse("2026-11-23T08:00:00Z") };
  const now = () => clock.now;
  const backend = backendOf(now);
  const core = createCore({ backend });
  const told: Interruption[] = [];
  const answers: Delivery[] = [];
  const wake = async (_url: string, interruption: Interruption): Promise<Delivery> => {
    told.push(interruption);
    return answers.shift() ?? { delivered: true, status: 200 };
  };
  const key = (pipelineId: string): PipelineKey => ({ tenant: "acme", pipelineId });
  return {
    ...{ backend, core, clock, told, answers, key, now },
    pass: (seconds: number) => {
      clock.now += seconds * 1000;
    },
    sweep: (options: SweepOptions = {}) => sweep(core, { now, wake, ...options }),
    async save(id: string, text = "state", fence?: number) {
      const caller = fence === undefined ? {} : { fence };
      const content = new TextEncoder().encode(text);
      return saveState(core, key(id), { content, contentType: "text/plain", caller, checkpoint: "never" });
    },
    put: (id: string, settings: Settings) => registerPipeline(core, key(id), settings, {}),
    async lease(id: string, ttlSeconds = 30) {
      return (await acquireLease(core, key(id), { owner: "worker", ttlSeconds })).lease;
    },
    head: async (id: string) => (await backend.load(key(id)))!.head,
    events: async (id: string) =>
      (await listEvents(core, key(id), { limit: 100 })).data.map((event) => event.type).reverse(),
  };
}

/** The same, the service's own clock going with the store's: between `vi.useFakeTimers` and `vi.useRealTimers`. */
export function serviceInTime() {
  const s = service();
  const pass = (seconds: number) => {
    s.pass(seconds);
    vi.setSystemTime(s.clock.now);
  };
  vi.setSystemTime(s.clock.now);
  return { ...s, pass };
}
