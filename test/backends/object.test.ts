import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { backendContract, type Subject } from "../../src/backends/contract.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import { memoryStore, type PutTimes, timeless } from "../support/memory-store.ts";
import { damaging } from "../support/tamper/damage.ts";
import { objectMedium } from "../support/tamper/object.ts";

/** A subject over a store, on a clock of its own: what the store says of the time is left out. */
function subject(open: () => Promise<ObjectStore>, store: ObjectStore): Subject {
  let now = Date.parse("2026-11-23T08:00:30Z");
  const clock = () => now;
  const times: PutTimes = new Map();
  const backend = (each: ObjectStore) => objectBackend({ store: timeless(each, clock, times), now: clock });
  return {
    exclusiveClaims: false,
    backend: backend(store),
    reopen: async () => backend(await open()),
    damage: damaging(objectMedium(store)),
    async advance(seconds) {
      now += seconds * 1000;
    },
  };
}

describe("object over a store in memory", () => {
  backendContract(
    async () => {
      const store = memoryStore();
      return subject(async () => memoryStore({ objects: store.objects }), store);
    },
    { describe, it, expect },
  );
});

describe("object over a folder", () => {
  backendContract(
    async () => {
      const path = await mkdtemp(join(tmpdir(), "cairn-contract-"));
      const open = () => folderStore({ path });
      return { ...subject(open, await open()), cleanup: () => rm(path, { recursive: true, force: true }) };
    },
    { describe, it, expect },
  );
});
