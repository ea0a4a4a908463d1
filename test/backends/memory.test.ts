import { describe, expect, it } from "vitest";
import { backendContract } from "../../src/backends/contract.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { damageable } from "./damageable.ts";

backendContract(
  async () => {
    let now = Date.parse("2026-11-23T08:00:00Z");
    const { backend, damage } = damageable(memoryBackend({ now: () => now }));
    const advance = async (seconds: number) => {
      now += seconds * 1000;
    };
    return { backend, damage, advance };
  },
  { describe, it, expect },
);
