import { OutcomeUnknown } from "../../model/errors.ts";
import type { PipelineKey } from "../../model/ids.ts";
import type { Commit, CommitOutcome } from "../types.ts";

interface Waiting {
  commit: Commit;
  /** Ends the wait: with the outcome, or with the call to lead the next batch. */
  wake: (news: "lead" | { outcome: CommitOutcome } | { error: unknown }) => void;
}

interface Line {
  led: boolean;
  waiting: Waiting[];
  lastAt: number;
}

/** Most commits in one put: their frames travel together. */
export const BATCH = 64;
/** A leader that has not answered by then is gone: its request was cancelled, or its function ended. */
const PATIENCE_SECONDS = 10;

/**
 * Lines up the commits of one pipeline: those that arrive while a put is on its way, or while the store wants
 * a pause between two puts of one key, go together in the next one (group commit, DeWitt et al. 1984).
 *
 * Each batch is run by one of its own callers, who then wakes the next: on Workers a request must not leave
 * work to run after its answer, and one that is cancelled must not hang the others for good.
 */
export function commitQueue(
  minSeconds: number,
  run: (key: PipelineKey, commits: Commit[]) => Promise<CommitOutcome[]>,
): (commit: Commit) => Promise<CommitOutcome> {
  const lines = new Map<string, Line>();

  async function lead(id: string, line: Line, own: Waiting): Promise<CommitOutcome> {
    line.led = true;
    try {
      await sleepUntil(line.lastAt + minSeconds * 1000);
      const others = line.waiting.filter((each) => each !== own).slice(0, BATCH - 1);
      const batch = [own, ...others];
      line.waiting = line.waiting.filter((each) => !batch.includes(each));
      return await runBatch(batch, run);
    } finally {
      line.lastAt = Date.now();
      const next = line.waiting[0];
      if (next) next.wake("lead");
      else line.led = false;
      if (minSeconds === 0 && !next) lines.delete(id);
    }
  }

  return async (commit) => {
    const id = `${commit.key.tenant}/${commit.key.pipelineId}`;
    sweepLines(lines, minSeconds);
    const line = lines.get(id) ?? { led: false, waiting: [], lastAt: 0 };
    lines.set(id, line);
    const { own, news } = waitIn(line, commit);
    if (!line.led) return lead(id, line, own);
    const heard = await news;
    if (typeof heard === "object" && "outcome" in heard) return heard.outcome;
    if (typeof heard === "object") throw heard.error;
    if (heard === "lead" || line.waiting.includes(own)) return lead(id, line, own);
    throw new OutcomeUnknown("The request that carried this commit did not come back.");
  };
}

function waitIn(line: Line, commit: Commit) {
  let own!: Waiting;
  const news = new Promise<Parameters<Waiting["wake"]>[0] | "timeout">((resolve) => {
    const timer = setTimeout(() => resolve("timeout"), PATIENCE_SECONDS * 1000);
    const wake: Waiting["wake"] = (word) => {
      clearTimeout(timer);
      resolve(word);
    };
    own = { commit, wake };
  });
  line.waiting.push(own);
  return { own, news };
}

async function runBatch(
  batch: readonly Waiting[],
  run: (key: PipelineKey, commits: Commit[]) => Promise<CommitOutcome[]>,
): Promise<CommitOutcome> {
  try {
    const commits = batch.map(({ commit }) => commit);
    const outcomes = await run(commits[0]!.key, commits);
    for (const [index, { wake }] of batch.entries()) wake({ outcome: outcomes[index]! });
    return outcomes[0]!;
  } catch (error) {
    for (const { wake } of batch) wake({ error });
    throw error;
  }
}

/** Lines are kept only as long as their last put still matters. */
function sweepLines(lines: Map<string, Line>, minSeconds: number): void {
  if (lines.size < 1024) return;
  const old = Date.now() - minSeconds * 1000;
  for (const [id, line] of lines) if (!line.led && line.lastAt < old) lines.delete(id);
}

function sleepUntil(time: number): Promise<void> | undefined {
  const left = time - Date.now();
  return left > 0 ? new Promise((resolve) => setTimeout(resolve, left)) : undefined;
}
