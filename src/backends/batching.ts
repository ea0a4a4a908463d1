import { OutcomeUnknown } from "../model/errors.ts";
import type { Commit, CommitOutcome, StorageBackend } from "./types.ts";

interface Waiting {
  commit: Commit;
  resolve: (outcome: CommitOutcome) => void;
  reject: (error: unknown) => void;
}

/**
 * Groups commits that are made at the same time, of whatever pipelines, into calls of at most `size`. When such
 * a call fails, nobody knows for which of them: each is told so, and finds out by its write id. Should it be sent
 * again, it goes by itself: one that fails must not fail the same others twice.
 */
export function batched(backend: StorageBackend, size: number): StorageBackend {
  let waiting: Waiting[] = [];
  const failed = new WeakSet<Commit>();

  async function send(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await backend.commit(batch.map(({ commit }) => commit));
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index]!);
    } catch (error) {
      const each =
        batch.length > 1 ? new OutcomeUnknown("A commit of the batch failed.", { cause: error }) : error;
      for (const { commit, reject } of batch) {
        failed.add(commit);
        reject(each);
      }
    }
  }

  function sendAll(): void {
    const all = waiting;
    waiting = [];
    for (let from = 0; from < all.length; from += size) void send(all.slice(from, from + size));
  }

  async function enqueue(commit: Commit): Promise<CommitOutcome> {
    if (failed.has(commit)) return (await backend.commit([commit]))[0]!;
    return new Promise((resolve, reject) => {
      waiting.push({ commit, resolve, reject });
      if (waiting.length === 1) setTimeout(sendAll, 0);
    });
  }

  return { ...backend, commit: (commits) => Promise.all(commits.map(enqueue)) };
}
