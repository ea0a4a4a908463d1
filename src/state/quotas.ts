import type { Commit, CommitOutcome } from "../backends/types.ts";
import { CairnError } from "../model/errors.ts";
import { replayOf } from "./commit.ts";
import { type Core, loadHead } from "./core.ts";
import { readNote } from "./operator.ts";
import { changeBy, exceeded, type Quota, type Usage, wantedBy } from "./quota-rules.ts";

/** What a tenant had when it was counted. */
export interface Count extends Usage {
  tenant: string;
  /** When the count began, epoch milliseconds. */
  at: number;
}

/** The note in which the sweep keeps what it counted. */
export const USAGE_NOTE = "usage";

/**
 * Keeps tenants within their quotas. What a tenant has is what the sweep counted last, which is read once a minute,
 * beside a commit that is sent anyway; and what was added and freed here since. So what others add at the same time is
 * not seen at once: together they may go over a quota, see docs/operations.md.
 */
export interface Quotas {
  /** Of those that have one. */
  readonly limits: ReadonlyMap<string, Quota>;
  /** Sends a commit. @throws CairnError `quota_exceeded` for one that adds to what is full: then it was not sent */
  within(core: Core, commit: Commit, send: () => Promise<CommitOutcome>): Promise<CommitOutcome>;
  /** To be told of what a commit came to, before the head it left is remembered. */
  landed(core: Core, commit: Commit, outcome: CommitOutcome): void;
  /** @throws CairnError `quota_exceeded` when there is no room for so many bytes more */
  room(core: Core, tenant: string, bytes: number): Promise<void>;
  /** What a tenant has; null: it was not counted yet. */
  usage(core: Core, tenant: string): Promise<Usage | null>;
  /** What the sweep has just counted. */
  learn(counts: readonly Count[]): void;
}

/** So long is what was read believed, */
const FRESH_MS = 60_000;
/** but nobody is refused by what is older than this; and a store that failed is asked again after it. */
const SOON_MS = 5000;

/** What was added here in the second that begins with it. */
interface Added extends Usage {
  at: number;
}

interface Ledger {
  added: Added[];
  /** Of commits that are on their way. */
  underway: Usage;
}

export function quotas(limits: ReadonlyMap<string, Quota>): Quotas {
  const counts = new Map<string, Count>();
  const ledgers = new Map<string, Ledger>();
  let readAt = Number.NEGATIVE_INFINITY;

  const isOlderThan = (ms: number) => Date.now() - readAt > ms;

  function ledgerOf(tenant: string): Ledger {
    const ledger = ledgers.get(tenant) ?? { added: [], underway: { bytes: 0, pipelines: 0 } };
    ledgers.set(tenant, ledger);
    return ledger;
  }

  function used(tenant: string): Usage {
    const { added, underway } = ledgerOf(tenant);
    const all = [...added, underway, counts.get(tenant) ?? { bytes: 0, pipelines: 0 }];
    const sum = (of: keyof Usage) =>
      Math.max(
        0,
        all.reduce((total, each) => total + each[of], 0),
      );
    return { bytes: sum("bytes"), pipelines: sum("pipelines") };
  }

  function add(tenant: string, { bytes, pipelines }: Usage): void {
    if (bytes === 0 && pipelines === 0) return;
    const { added } = ledgerOf(tenant);
    const at = Math.floor(Date.now() / 1000) * 1000;
    const last = added.at(-1);
    if (last?.at !== at) added.push({ at, bytes, pipelines });
    else added.splice(-1, 1, { at, bytes: last.bytes + bytes, pipelines: last.pipelines + pipelines });
  }

  function learn(all: readonly Count[]): void {
    readAt = Date.now();
    for (const count of all) {
      counts.set(count.tenant, count);
      const ledger = ledgerOf(count.tenant);
      // The rest of the second in which the count began may be in it, and counts twice until the next.
      ledger.added = ledger.added.filter(({ at }) => at + 1000 > count.at);
    }
  }

  /** Never rejects: where the store cannot be read, what was known before has to do. */
  async function read(core: Core): Promise<void> {
    readAt = Date.now();
    try {
      const { value } = await readNote<{ counts: Count[] }>(core, USAGE_NOTE);
      learn(value?.counts ?? []);
    } catch {
      readAt = Date.now() - FRESH_MS + SOON_MS;
    }
  }

  /** @throws CairnError `quota_exceeded`, unless it is full no more, or the commit adds nothing to the store as it is */
  async function refuse(core: Core, commit: Commit, quota: Quota): Promise<void> {
    const { key, expect } = commit;
    if (isOlderThan(SOON_MS)) await read(core);
    const head = await loadHead(core, key);
    // What has landed before is answered as it was, however full it is now.
    if (head && replayOf(head, commit)) return;
    const isThere = head !== null && !head.deleted;
    const wanted = wantedBy(commit, head);
    const full = wanted && exceeded(quota, used(key.tenant), wanted);
    // What is not there cannot be added to: the store says so.
    if (!full || (!isThere && expect.create === "never")) return;
    // Others in the line guessed that this one lands.
    core.heads.forget(key);
    throw quotaExceeded(full, quota, used(key.tenant));
  }

  return {
    limits,
    learn,
    async within(core, commit, send) {
      const { tenant } = commit.key;
      const quota = limits.get(tenant);
      const wanted = quota && wantedBy(commit, core.heads.get(commit.key));
      if (!wanted) return send();
      if (exceeded(quota, used(tenant), wanted)) await refuse(core, commit, quota);
      const reading = isOlderThan(FRESH_MS) ? read(core) : null;
      const { underway } = ledgerOf(tenant);
      underway.bytes += wanted.bytes;
      underway.pipelines += wanted.pipelines;
      try {
        return await send();
      } finally {
        underway.bytes -= wanted.bytes;
        underway.pipelines -= wanted.pipelines;
        await reading;
      }
    },
    landed(core, commit, outcome) {
      const { tenant } = commit.key;
      if (!outcome.ok || outcome.replayed || !limits.has(tenant)) return;
      add(tenant, changeBy(commit, core.heads.get(commit.key), outcome));
    },
    async room(core, tenant, bytes) {
      const quota = limits.get(tenant);
      const wanted = { bytes, pipelines: 0 };
      if (!quota) return;
      const isFull = () => exceeded(quota, used(tenant), wanted) !== null;
      if (isOlderThan(isFull() ? SOON_MS : FRESH_MS)) await read(core);
      if (isFull()) throw quotaExceeded("bytes", quota, used(tenant));
    },
    async usage(core, tenant) {
      if (isOlderThan(SOON_MS)) await read(core);
      return counts.has(tenant) ? used(tenant) : null;
    },
  };
}

function quotaExceeded(of: keyof Quota, quota: Quota, used: Usage): CairnError {
  const what = of === "bytes" ? "bytes of states and checkpoints" : "pipelines";
  const detail = `The tenant has ${used[of]} of ${quota[of]} ${what}: this would be too much. Delete or prune what is not needed.`;
  return new CairnError("quota_exceeded", detail);
}
