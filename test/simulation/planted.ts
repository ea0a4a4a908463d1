import { applyCommit } from "../../src/backends/apply.ts";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { Commit, CommitOutcome, StorageBackend } from "../../src/backends/types.ts";
import { OutcomeUnknown } from "../../src/model/errors.ts";
import { eagerCollector, noFence, noReplay, noTenant, readThenWrite } from "../backends/planted.ts";
import { TENANTS } from "./cluster.ts";
import { nameOf } from "./line.ts";
import type { Plant, Run } from "./run.ts";
import { contexts } from "./world.ts";

export interface Planted extends Plant {
  /** The invariant that it breaks. */
  invariant: number;
  /** Those that may be seen to be broken by it. */
  seenAs: readonly number[];
}

type Each = (commit: Commit, view: StorageBackend) => Promise<CommitOutcome>;

function eachCommit(view: StorageBackend, send: Each): StorageBackend {
  return {
    ...view,
    async commit(commits) {
      const outcomes: CommitOutcome[] = [];
      for (const commit of commits) outcomes.push(await send(commit, view));
      return outcomes;
    },
  };
}

const one = async (view: StorageBackend, commit: Commit) => (await view.commit([commit]))[0]!;

/** Answers as soon as it is known what the store will do, while the commit is on its way. */
function ackFirst(view: StorageBackend, { world, recorder }: Run): StorageBackend {
  return eachCommit(view, async (commit) => {
    const { head } = recorder.line(commit.key);
    const verdict = applyCommit({ head, checkpoints: [] }, commit, world.now, 0);
    if (verdict.kind !== "applied" || commit.effects.checkpoints) return one(view, commit);
    one(view, commit).catch(() => null);
    return { ok: true, head: verdict.head, result: verdict.result, replayed: false };
  });
}

/** A commit that may have landed is answered as one that another came before. */
function lostIsConflict(view: StorageBackend): StorageBackend {
  return eachCommit(view, (commit) =>
    one(view, commit).catch((error: unknown): CommitOutcome => {
      if (!(error instanceof OutcomeUnknown)) throw error;
      return { ok: false, refusal: "state_exists", head: null };
    }),
  );
}

/** Looks at the head before every commit, to be sure. */
function readsFirst(view: StorageBackend): StorageBackend {
  return eachCommit(view, async (commit) => {
    await view.load(commit.key);
    return one(view, commit);
  });
}

/** Whether a lease lives is decided by the clock of whoever asks. */
function clockOfCaller(): StorageBackend {
  return memoryBackend({ now: () => Date.now() });
}

/** The sweep interrupts what it was told of, however the pipeline has got on since. */
function boldSweep(view: StorageBackend): StorageBackend {
  return eachCommit(view, (commit) => {
    if (commit.effects.status !== "interrupted") return one(view, commit);
    const { revision: _, ...expect } = commit.expect;
    return one(view, { ...commit, expect });
  });
}

/** Pruning drops every checkpoint. */
function prunesAll(view: StorageBackend): StorageBackend {
  return eachCommit(view, async (commit) => {
    if (!commit.effects.events?.some(({ type }) => type === "pruned")) return one(view, commit);
    const { data } = await view.checkpoints(commit.key, { limit: 500 });
    const checkpoints = new Map(data.map(({ checkpointId }) => [checkpointId, "drop" as const]));
    return one(view, { ...commit, effects: { ...commit.effects, checkpoints } });
  });
}

/** Lists are of all tenants. */
function listsAll(view: StorageBackend): StorageBackend {
  return {
    ...view,
    async pipelines(_, filter, page) {
      const lists = await Promise.all(TENANTS.map((tenant) => view.pipelines(tenant, filter, page)));
      return { data: lists.flatMap(({ data }) => data), cursor: null };
    },
  };
}

/** A codec that is not known is taken for damage. */
function laterIsDamage(view: StorageBackend): StorageBackend {
  return {
    ...view,
    async load(key, options) {
      const loaded = await view.load(key, options);
      return loaded?.head.state?.frame.codec === "zstd" ? { ...loaded, frames: [null] } : loaded;
    },
  };
}

/** A process serves the state that it read last, as long as it lives. */
function staleReads(view: StorageBackend): StorageBackend {
  const known = new Map<string, ReturnType<StorageBackend["load"]>>();
  return {
    ...view,
    async load(key, options) {
      const actor = contexts.getStore()?.actor.name;
      const name = `${actor} ${nameOf(key)}`;
      if (!options?.frames) return view.load(key, options);
      const loaded = known.get(name) ?? view.load(key, options);
      known.set(name, loaded);
      loaded.catch(() => known.delete(name));
      return loaded;
    },
  };
}

export const PLANTED: Readonly<Record<string, Planted>> = {
  "an answer before the commit": { invariant: 1, seenAs: [1, 2, 4], view: ackFirst },
  "a read, then a write": { invariant: 2, seenAs: [2, 3, 7, 8], store: readThenWrite },
  "no fence is compared": { invariant: 3, seenAs: [3, 7], store: noFence },
  "a lost answer is a conflict": { invariant: 4, seenAs: [4], view: lostIsConflict },
  "no write is remembered": { invariant: 4, seenAs: [4], store: noReplay },
  "a look before every commit": { invariant: 6, seenAs: [6], view: readsFirst },
  "leases by the caller's clock": { invariant: 7, seenAs: [3, 7, 8], store: clockOfCaller },
  "a sweep without the revision": { invariant: 8, seenAs: [3, 8], view: boldSweep },
  "pruning takes the last checkpoint": { invariant: 9, seenAs: [9], view: prunesAll },
  "a frame goes though it is named": { invariant: 9, seenAs: [5, 9], store: eagerCollector },
  "the tenant is not in the key": { invariant: 10, seenAs: [2, 10, 3, 4, 5], store: noTenant },
  "lists are of all tenants": { invariant: 10, seenAs: [10], view: listsAll },
  "a later format is damage": {
    invariant: 11,
    seenAs: [5, 11],
    view: laterIsDamage,
    weather: { laterRelease: 0.5 },
  },
  "old states are served": { invariant: 2, seenAs: [2, 5, 9], view: staleReads },
};
