import type { PipelineKey } from "../../model/ids.ts";
import type { Commit, CommitOutcome, StorageBackend } from "../types.ts";
import {
  type Applied,
  apply,
  type Check,
  type Context,
  change,
  collect,
  contentOf,
  headOf,
  outcomeOf,
  saved,
  saving,
  snapshot,
  take,
  together,
} from "./support.ts";

const CROWD = 50;

/** Sends all at once, turn about through the clients. */
function race(clients: readonly StorageBackend[], commits: readonly Commit[]): Promise<CommitOutcome[]> {
  return together(commits.length, (i) => outcomeOf(clients[i % clients.length]!, commits[i]!));
}

function won(outcomes: readonly CommitOutcome[]): Applied[] {
  return outcomes.filter((outcome) => outcome.ok);
}

function lost(outcomes: readonly CommitOutcome[]): string[] {
  return [...new Set(outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.refusal])))];
}

async function contenders(t: Context, clients: StorageBackend[]) {
  const key = await saved(t, "contended");
  const commits = await together(CROWD, (i) => saving(key, 1, `contender ${i}`));
  const outcomes = await race(clients, commits);
  t.expect([won(outcomes).length, lost(outcomes)]).toEqual([1, ["version_mismatch"]]);
  const winner = outcomes.findIndex((outcome) => outcome.ok);
  t.expect(await contentOf(t, key)).toBe(`contender ${winner}`);
  t.expect((await headOf(t.backend, key)).version).toBe(2);
}

async function creates(t: Context, clients: StorageBackend[]) {
  const key = { tenant: t.tenant, pipelineId: "created" };
  const expect = { create: "anew", state: "absent" } as const;
  const commits = await together(CROWD, (i) => saving(key, 0, `maker ${i}`, { expect }));
  const outcomes = await race(clients, commits);
  t.expect([won(outcomes).length, lost(outcomes)]).toEqual([1, ["state_exists"]]);
  t.expect(won(outcomes)[0]!.result.created).toBe(true);
  const winner = outcomes.findIndex((outcome) => outcome.ok);
  t.expect(await contentOf(t, key)).toBe(`maker ${winner}`);
}

async function takers(t: Context, clients: StorageBackend[]) {
  const key = await saved(t, "wanted");
  const commits = Array.from({ length: CROWD }, (_, i) =>
    change(key, { lease: { take: { owner: `owner-${i}`, ttlSeconds: 60 } } }),
  );
  const outcomes = await race(clients, commits);
  t.expect([won(outcomes).length, lost(outcomes)]).toEqual([1, ["lease_held"]]);
  const winner = outcomes.findIndex((outcome) => outcome.ok);
  const { lease, fence } = await headOf(t.backend, key);
  t.expect([lease!.owner, fence]).toEqual([`owner-${winner}`, 1]);
}

/** Writers that hold one fence, while the lease is taken anew in their midst: none lands after that. */
async function fencedOut(t: Context, clients: StorageBackend[]) {
  const key = await saved(t, "fenced");
  const fence = await take(t, key);
  const commits = Array.from({ length: CROWD }, (_, i) =>
    change(key, { settings: { labels: { writer: String(i) } } }, { expect: { fence } }),
  );
  const grant = change(key, { lease: { take: { owner: "one", ttlSeconds: 60 } } });
  const outcomes = await race(clients, commits.toSpliced(CROWD / 2, 0, grant));
  const granted = outcomes.splice(CROWD / 2, 1)[0]!;
  if (!granted.ok) throw new Error(`the holder was refused its own lease: ${granted.refusal}`);
  t.expect(lost(outcomes).filter((refusal) => refusal !== "fence_lost")).toEqual([]);
  const landed = won(outcomes).map((outcome) => outcome.result);
  t.expect(landed.filter((result) => result.revision >= granted.result.revision)).toEqual([]);
  t.expect(landed.every((result) => result.fence === fence)).toBe(true);
  const head = await headOf(t.backend, key);
  t.expect([head.fence, head.revision]).toEqual([fence + 1, granted.result.revision]);
  const last = landed.reduce((a, b) => (a.revision > b.revision ? a : b), { revision: 0 });
  const writer = outcomes.findIndex((outcome) => outcome.ok && outcome.result === last);
  t.expect(head.labels).toEqual(writer < 0 ? {} : { writer: String(writer) });
}

async function oneKey(t: Context, clients: StorageBackend[]) {
  const key = await saved(t, "one-key");
  const commit = change(key, { checkpoint: snapshot(), events: [{ type: "checkpointed" }] });
  const outcomes = await race(clients, Array<Commit>(20).fill(commit));
  t.expect(won(outcomes).length).toBe(20);
  t.expect(won(outcomes).filter((outcome) => !outcome.replayed).length).toBe(1);
  for (const { result } of won(outcomes)) t.expect(result).toEqual(won(outcomes)[0]!.result);
  const head = await headOf(t.backend, key);
  t.expect([head.sequence, head.checkpointCount]).toEqual([1, 1]);
  t.expect((await t.backend.events(key, { limit: 9 })).data.length).toBe(2);
}

/** Writes that do not clash all land, each once. */
async function additions(t: Context, clients: StorageBackend[]) {
  const key = await saved(t, "additions");
  const drafts = Array.from({ length: CROWD }, () => snapshot());
  const commits = drafts.map((checkpoint) => change(key, { checkpoint }));
  const outcomes = await race(clients, commits);
  t.expect([won(outcomes).length, lost(outcomes)]).toEqual([CROWD, []]);
  const records = await collect((cursor) => t.backend.checkpoints(key, { limit: 20, ...cursor }));
  t.expect(records.map((record) => record.sequence)).toEqual(drafts.map((_, i) => CROWD - i));
  const ids = (list: { checkpointId: string }[]) => list.map((each) => each.checkpointId).sort();
  t.expect(ids(records)).toEqual(ids(drafts));
}

/** Pipelines do not stand in one another's way. */
async function apart(t: Context, clients: StorageBackend[]) {
  const keys = Array.from({ length: CROWD }, (_, i): PipelineKey => {
    return { tenant: t.tenant, pipelineId: `apart-${i}` };
  });
  const commits = await together(CROWD, (i) => saving(keys[i]!, 0, `content ${i}`));
  t.expect(won(await race(clients, commits)).length).toBe(CROWD);
  const contents = await together(CROWD, (i) => contentOf(t, keys[i]!));
  t.expect(contents).toEqual(keys.map((_, i) => `content ${i}`));
}

/** A checkpoint that stays is found, also while those beside it go. */
async function found(t: Context, clients: StorageBackend[]) {
  const key = await saved(t, "found");
  const drafts = Array.from({ length: 250 }, () => snapshot());
  await clients[0]!.commit(drafts.map((checkpoint) => change(key, { checkpoint })));
  const kept = drafts[0]!.checkpointId;
  let dropping = true;
  async function drop() {
    for (const { checkpointId } of drafts.slice(1, CROWD))
      await apply(t, change(key, { checkpoints: new Map([[checkpointId, "drop"]]) }));
    dropping = false;
  }
  async function look() {
    while (dropping) {
      const record = await clients.at(-1)!.checkpoint(key, kept);
      t.expect(record?.checkpointId, "the checkpoint that stays").toBe(kept);
      const page = await clients.at(-1)!.checkpoints(key, { limit: 250 });
      t.expect(page.data.at(-1)!.checkpointId, "the last of the list").toBe(kept);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  await Promise.all([drop(), look(), look(), look()]);
}

const RACES: [string, (t: Context, clients: StorageBackend[]) => Promise<void>][] = [
  ["50 contenders for one version: one wins", contenders],
  ["50 creates: one makes it", creates],
  ["50 owners for one lease: one gets it", takers],
  ["50 writers and a moving fence: none lands after it moved", fencedOut],
  ["one write id 20 times at once: one effect, 20 equal answers", oneKey],
  ["50 checkpoints at once: all land, each once", additions],
  ["50 pipelines at once: all land", apart],
  ["a checkpoint that stays is found while others go", found],
];

function throughOne([name, run]: (typeof RACES)[number]): Check {
  return { name, run: (t) => run(t, [t.backend]) };
}

function throughTwo([name, run]: (typeof RACES)[number]): Check {
  return {
    name: `${name} (two clients)`,
    async run(t) {
      if (!t.reopen) return;
      const other = await t.reopen();
      await run(t, [t.backend, other]);
      await other.close();
    },
  };
}

export const raceChecks: Check[] = [
  ...RACES.map(throughOne),
  ...RACES.map(throughTwo),
  {
    name: "what one client wrote, another reads at once",
    async run(t) {
      if (!t.reopen) return;
      const key = await saved(t, "seen");
      const other = await t.reopen();
      t.expect(await contentOf(t, key, other)).toBe("v1");
      await apply(t, await saving(key, 1, "v2"), other);
      t.expect(await contentOf(t, key)).toBe("v2");
      await apply(t, change(key, { checkpoint: snapshot() }));
      t.expect(await headOf(other, key)).toEqual(await headOf(t.backend, key));
      await other.close();
    },
  },
  {
    name: "a healthy store says so, and closes",
    async run(t) {
      t.expect(await t.backend.health()).toEqual({ ready: true, problems: [] });
      const { maxFrameBytes, clockSlackSeconds, minCommitSeconds } = t.backend.capabilities;
      t.expect(maxFrameBytes > 0 && clockSlackSeconds >= 0 && minCommitSeconds >= 0).toBe(true);
      await t.backend.close();
    },
  },
];
