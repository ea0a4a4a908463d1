import { extending, noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { DEPTH } from "../../src/frames/pays.ts";
import { concat } from "../../src/model/bytes.ts";
import { depthOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";

export const KEY = { tenant: "t", pipelineId: "p.q" };

export async function land(backend: StorageBackend, commit: Commit): Promise<Head> {
  const [outcome] = await backend.commit([commit]);
  if (!outcome!.ok) throw new Error(outcome!.refusal);
  return outcome!.head;
}

/** A state that grows by `bytes` of noise with every save: one chain. */
export function growing(
  backend: StorageBackend,
  bytes: number,
  { checkpoints = false, from = 0, first = 300 } = {},
) {
  let content = noise(first);
  let head: Head | null = null;
  return async (): Promise<{ head: Head; content: Uint8Array }> => {
    const next = concat([content, noise(bytes, 2 * content.length)]);
    const effects = checkpoints ? { checkpoint: snapshot() } : {};
    const room = head && depthOf(head.state!.frame) < DEPTH;
    const commit = room
      ? await extending(KEY, head!, content, next)
      : await saving(KEY, head?.version ?? from, next);
    head = await land(backend, { ...commit, effects: { ...commit.effects, ...effects } });
    content = next;
    return { head, content };
  };
}

/** How many calls of a task followed one another: those that go side by side count once. */
export async function sequential(inner: ObjectStore, task: (store: ObjectStore) => Promise<unknown>) {
  let done = 0;
  const calls: string[] = [];
  const counted = async <T>(name: string, call: Promise<T>): Promise<T> => {
    const turn = done + 1;
    calls.push(name);
    const result = await call;
    done = Math.max(done, turn);
    return result;
  };
  await task({
    ...inner,
    get: (key) => counted(`get ${key}`, inner.get(key)),
    list: (prefix, options) => counted(`list ${prefix}`, inner.list(prefix, options)),
  });
  return { turns: done, calls };
}
