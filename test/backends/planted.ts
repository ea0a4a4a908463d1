import { isLive } from "../../src/backends/apply-lease.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import { pipelinePage } from "../../src/backends/pages.ts";
import type {
  Commit,
  CommitOutcome,
  Expectation,
  StorageBackend,
  SumsKey,
} from "../../src/backends/types.ts";
import { decompress } from "../../src/frames/compression.ts";
import { applyDelta } from "../../src/frames/delta/apply.ts";
import type { decodeFrame } from "../../src/frames/frame.ts";
import { type Link, linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import { newWriteId, type PipelineKey } from "../../src/model/ids.ts";

/** Makes a broken store of a correct one: a mistake that somebody might make. */
export type Bug = (correct: StorageBackend, now: () => number) => StorageBackend;

function eachCommit(inner: StorageBackend, send: (commit: Commit) => Promise<CommitOutcome>): StorageBackend {
  return {
    ...inner,
    async commit(commits) {
      const outcomes: CommitOutcome[] = [];
      for (const commit of commits) outcomes.push(await send(commit));
      return outcomes;
    },
  };
}

/** Whoever writes is taken for the holder: no fence is compared, no lease respected. */
export const noFence: Bug = (inner, now) =>
  eachCommit(inner, async (commit) => {
    for (;;) {
      const head = (await inner.load(commit.key))?.head;
      const [outcome] = await inner.commit([head ? asHolder(commit, head, now()) : commit]);
      if (outcome!.ok || outcome!.refusal !== "fence_lost") return outcome!;
      // The fence has moved since it was read; a lease that was released cannot be renewed.
      if (outcome!.head?.fence === head?.fence) return outcome!;
    }
  });

function asHolder(commit: Commit, head: Head, now: number): Commit {
  const { lease } = commit.effects;
  const taken = lease && "take" in lease && head.lease && isLive(head.lease, now, 0);
  const effects = taken
    ? { ...commit.effects, lease: { take: { ...lease.take, owner: head.lease!.owner } } }
    : commit.effects;
  return { ...commit, expect: { ...commit.expect, fence: head.fence }, effects };
}

/** Reads, decides, and then writes whatever has happened meanwhile. */
export const readThenWrite: Bug = (inner) =>
  eachCommit(inner, async (commit) => {
    const head = (await inner.load(commit.key))?.head ?? null;
    await new Promise((resolve) => setImmediate(resolve));
    const { version, revision, state, ...rest } = commit.expect;
    const wrong =
      (version !== undefined && version !== (head?.version ?? 0)) ||
      (revision !== undefined && revision !== (head?.revision ?? 0)) ||
      (state === "absent" && head?.state) ||
      (state === "present" && !head?.state);
    const expect: Expectation = wrong ? commit.expect : rest;
    return (await inner.commit([{ ...commit, expect }]))[0]!;
  });

/** Every commit is a new one, also when it is sent again. */
export const noReplay: Bug = (inner) =>
  eachCommit(inner, async (commit) => (await inner.commit([{ ...commit, writeId: newWriteId() }]))[0]!);

/** A deleted pipeline is forgotten altogether. */
export const noTombstone: Bug = (correct, now) => {
  const stores = new Map<string, StorageBackend>();
  const name = (key: PipelineKey) => `${key.tenant}/${key.pipelineId}`;
  const of = (key: PipelineKey): StorageBackend => {
    const store = stores.get(name(key)) ?? memoryBackend({ now });
    stores.set(name(key), store);
    return store;
  };
  return {
    ...eachCommit(correct, async (commit) => {
      const [outcome] = await of(commit.key).commit([commit]);
      if (outcome!.ok && commit.effects.remove) stores.delete(name(commit.key));
      return outcome!;
    }),
    load: (key, options) => of(key).load(key, options),
    frames: (key, links) => of(key).frames(key, links),
    checkpoint: (key, id) => of(key).checkpoint(key, id),
    checkpoints: (key, page) => of(key).checkpoints(key, page),
    events: (key, page) => of(key).events(key, page),
    async pipelines(tenant, filter, page) {
      const lists = [...stores.values()].map((store) => store.pipelines(tenant, filter, { limit: 1 }));
      const heads = (await Promise.all(lists)).flatMap((list) => list.data);
      return pipelinePage(heads, page);
    },
    async due(limit) {
      const lists = await Promise.all([...stores.values()].map((store) => store.due(limit)));
      return lists.flat().slice(0, limit);
    },
  };
};

/** The tenant is not part of the key. */
export const noTenant: Bug = (inner) => {
  const all = (key: PipelineKey): PipelineKey => ({ tenant: "all", pipelineId: key.pipelineId });
  const together = (key: SumsKey): SumsKey => ({ tenant: "all", scope: key.scope });
  const back = <T extends Head | null>(key: PipelineKey, head: T): T =>
    head && { ...head, tenant: key.tenant };
  return {
    ...eachCommit(inner, async (commit) => {
      const [outcome] = await inner.commit([{ ...commit, key: all(commit.key) }]);
      return { ...outcome!, head: back(commit.key, outcome!.head) } as CommitOutcome;
    }),
    async load(key, options) {
      const loaded = await inner.load(all(key), options);
      return loaded && { ...loaded, head: back(key, loaded.head) };
    },
    frames: (key, links) => inner.frames(all(key), links),
    checkpoint: (key, id) => inner.checkpoint(all(key), id),
    checkpoints: (key, page) => inner.checkpoints(all(key), page),
    events: (key, page) => inner.events(all(key), page),
    async pipelines(tenant, filter, page) {
      const { data, cursor } = await inner.pipelines("all", filter, page);
      return { data: data.map((head) => ({ ...head, tenant })), cursor };
    },
    add: (key, increments) => inner.add(together(key), increments),
    sums: (key) => inner.sums(together(key)),
    clearSums: (key) => inner.clearSums(together(key)),
  };
};

/** Reads the sums, adds, and writes them whatever was added meanwhile. */
export const lostAdditions: Bug = (inner) => ({
  ...inner,
  async add(key, increments) {
    const before = await inner.sums(key);
    await new Promise((resolve) => setImmediate(resolve));
    const sums = Object.entries(increments).map(([name, value]) => [name, (before[name] ?? 0) + value]);
    // In memory both are done before anything else is.
    await Promise.all([inner.clearSums(key), inner.add(key, { ...before, ...Object.fromEntries(sums) })]);
  },
});

/** A dropped checkpoint takes its frame along, whoever else names it. */
export const eagerCollector: Bug = (inner) => {
  const gone = new Set<string>();
  const name = (key: PipelineKey, link: Link) => `${key.tenant}/${key.pipelineId}/${link.frameId}`;
  const held = (key: PipelineKey, links: readonly Link[], found: readonly (Uint8Array | null)[]) =>
    found.map((bytes, i) => (gone.has(name(key, links[i]!)) ? null : bytes));
  return {
    ...eachCommit(inner, async (commit) => {
      const ids = [...(commit.effects.checkpoints ?? [])].filter(([, what]) => what === "drop");
      const records = await Promise.all(ids.map(([id]) => inner.checkpoint(commit.key, id)));
      const [outcome] = await inner.commit([commit]);
      if (outcome!.ok) for (const each of records) if (each) gone.add(name(commit.key, each.frame));
      return outcome!;
    }),
    async load(key, options) {
      const loaded = await inner.load(key, options);
      if (!loaded?.head.state) return loaded;
      return { ...loaded, frames: held(key, linksOf(loaded.head.state.frame), loaded.frames) };
    },
    frames: async (key, links) => held(key, links, await inner.frames(key, links)),
  };
};

/** A delta lands upon whatever state has its base's version. */
export const noBase: Bug = (inner) =>
  eachCommit(inner, async (commit) => {
    const { base: _, ...expect } = commit.expect;
    return (await inner.commit([{ ...commit, expect }]))[0]!;
  });

/** Serves whatever it can decode: no digest is compared. */
export const noDigest: typeof decodeFrame = async (_key, record, stored) => {
  // What does not even decode is no served damage.
  const content = await unchecked(record, stored).catch(() => null);
  return content
    ? { ok: true, content }
    : { ok: false, problem: "does not decode", frameId: record.frame.frameId };
};

async function unchecked(
  record: Parameters<typeof decodeFrame>[1],
  [full, ...deltas]: Parameters<typeof decodeFrame>[2],
): Promise<Uint8Array | null> {
  const { codec, bytes } = record.frame.chain?.base ?? { codec: record.frame.codec, bytes: record.bytes };
  let content = full ? await decompress(codec, full, bytes) : null;
  for (const stored of deltas) {
    const size = stored ? new DataView(stored.buffer, stored.byteOffset).getUint32(2, true) : 0;
    const delta =
      stored && (await decompress(["identity", "deflate"][stored[1]!]!, stored.subarray(38), size));
    content = content && delta && applyDelta(content, delta, 2 ** 31 - 1);
  }
  return content;
}
