import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryBackend } from "../../src/backends/memory.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { damageable } from "../backends/damageable.ts";
import { type Fault, flaky } from "../backends/flaky.ts";
import { memoryStore as memoryObjects, timeless } from "../support/memory-store.ts";
import type { Replaced } from "../support/tamper/medium.ts";
import type { Store } from "./run.ts";

const START = Date.parse("2026-11-23T08:00:00Z");

/** Two clients that share what is damaged, on one clock. */
function pair(open: (now: () => number) => [StorageBackend, StorageBackend]): Omit<Store, "close"> {
  const clock = { now: START };
  const replaced: Replaced = new Map();
  const [one, two] = open(() => clock.now).map((backend) => damageable(backend, replaced));
  return {
    clients: [one!.backend, two!.backend],
    clock,
    damage: (key, ref) => one!.damage(key, ref, "flip"),
  };
}

/** @param spoil makes another backend of it, for controls */
export async function memoryStore(
  spoil = (backend: StorageBackend, _now: () => number): StorageBackend => backend,
): Promise<Store> {
  const store = pair((now) => {
    const backend = spoil(memoryBackend({ now }), now);
    return [backend, backend];
  });
  return { ...store, close: async () => {} };
}

/** Every now and then nobody knows what became of a commit: the service finds out, and nobody notices. */
export async function flakyStore(): Promise<Store> {
  let plan: (...faults: Fault[]) => void = () => {};
  const store = pair((now) => {
    const line = flaky(memoryBackend({ now }));
    plan = line.plan;
    return [line.backend, line.backend];
  });
  return { ...store, fail: (fault) => plan(...(fault ? [fault] : [])), close: async () => {} };
}

/** Two processes over one object store: each with what it remembers of the heads. */
function overObjects(one: ObjectStore, two: ObjectStore): Omit<Store, "close"> {
  const open = (store: ObjectStore, now: () => number) => objectBackend({ store: timeless(store), now });
  return { ...pair((now) => [open(one, now), open(two, now)]), lateSeconds: 60 };
}

export async function objectStore(): Promise<Store> {
  const one = memoryObjects();
  return { ...overObjects(one, memoryObjects({ objects: one.objects })), close: async () => {} };
}

/** Without waiting for the disk: what a crash would lose is not what is asked here. */
export async function folderObjectStore(): Promise<Store> {
  const path = await mkdtemp(join(tmpdir(), "cairn-model-"));
  const open = () => folderStore({ path, fsync: false });
  return {
    ...overObjects(await open(), await open()),
    close: () => rm(path, { recursive: true, force: true }),
  };
}
