import type { PipelineKey } from "../../model/ids.ts";
import {
  apply,
  type Check,
  type Context,
  change,
  collect,
  dataCheckpoint,
  headOf,
  refuse,
  saved,
  saving,
  snapshot,
} from "./support.ts";

/** Makes a checkpoint of the state. Returns its id. */
async function mark(t: Context, key: PipelineKey, label: string | null = null): Promise<string> {
  const checkpoint = snapshot(label);
  await apply(t, change(key, { checkpoint }));
  return checkpoint.checkpointId;
}

async function listed(t: Context, key: PipelineKey, label?: string): Promise<string[]> {
  const only = label === undefined ? {} : { label };
  const records = await collect((cursor) => t.backend.checkpoints(key, { limit: 3, ...only, ...cursor }));
  return records.map((record) => record.checkpointId);
}

function dropping(key: PipelineKey, ...ids: string[]) {
  return change(key, { checkpoints: new Map(ids.map((id) => [id, "drop" as const])) });
}

function quarantining(key: PipelineKey, id: string) {
  return change(key, { checkpoints: new Map([[id, "quarantine" as const]]) });
}

export const checkpointChecks: Check[] = [
  {
    name: "a checkpoint holds what its state held, and is the head's last",
    async run(t) {
      const key = await saved(t, "snapshot", 2);
      const draft = { ...snapshot("before"), metadata: { a: [1, null] }, reason: "why" };
      const { head, result } = await apply(t, change(key, { checkpoint: draft }));
      const record = await t.backend.checkpoint(key, draft.checkpointId);
      const { version, contentType, bytes, sha256, frame } = head.state!;
      t.expect(record).toEqual({
        ...{ ...draft, pipelineId: key.pipelineId, version, contentType, bytes, sha256, frame },
        ...{ sequence: 1, createdAt: result.at, source: "state", storedBytes: frame.storedBytes },
        ...{ verified: true, quarantinedAt: null },
      });
      t.expect(head.lastCheckpoint).toEqual(record);
      t.expect([head.checkpointCount, head.sequence, head.state!.checkpointed]).toEqual([1, 1, true]);
      t.expect(result.checkpoint).toEqual({
        ...{ checkpointId: draft.checkpointId, sequence: 1, reason: "why", verified: true },
      });
      t.expect(await t.backend.checkpoint(key, snapshot().checkpointId)).toBe(null);
    },
  },
  {
    name: "a save and its checkpoint are one commit",
    async run(t) {
      const key = await saved(t, "both");
      const checkpoint = snapshot();
      const refused = await saving(key, 0, "x", { effects: { checkpoint } });
      await refuse(t, refused, "version_mismatch");
      t.expect(await t.backend.checkpoint(key, checkpoint.checkpointId)).toBe(null);
      const { head, result } = await apply(t, await saving(key, 1, "v2", { effects: { checkpoint } }));
      t.expect(result.checkpoint!.checkpointId).toBe(checkpoint.checkpointId);
      t.expect([head.version, head.lastCheckpoint!.version]).toEqual([2, 2]);
      t.expect(head.lastCheckpoint!.frame).toEqual(head.state!.frame);
    },
  },
  {
    name: "data given with the call is a checkpoint of its own frame, also before the first state",
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "data" };
      const early = await dataCheckpoint(key, 0, "early");
      await apply(t, change(key, { checkpoint: early }, { expect: { create: "allowed", version: 0 } }));
      await apply(t, await saving(key, 0, "v1"));
      const later = await dataCheckpoint(key, 1, "later");
      await apply(t, change(key, { checkpoint: later }, { expect: { version: 1 } }));
      for (const [draft, version] of [[early, 0] as const, [later, 1] as const]) {
        const record = await t.backend.checkpoint(key, draft.checkpointId);
        t.expect([record!.source, record!.version, record!.sha256]).toEqual([
          "data",
          version,
          draft.data.sha256,
        ]);
        t.expect((await t.backend.frames(key, [record!.frame]))[0]).toEqual(draft.data.frame.bytes);
      }
    },
  },
  {
    name: "checkpoints are listed newest first, page by page, and by label",
    async run(t) {
      const key = await saved(t, "listed");
      const ids: string[] = [];
      for (let i = 0; i < 7; i++) ids.unshift(await mark(t, key, i % 2 ? "odd" : "even"));
      t.expect(await listed(t, key)).toEqual(ids);
      t.expect(await listed(t, key, "odd")).toEqual(ids.filter((_, i) => i % 2 === 1));
      t.expect(await listed(t, key, "od")).toEqual([]);
      const whole = await t.backend.checkpoints(key, { limit: 7 });
      t.expect(whole.data.map((record) => record.sequence)).toEqual([7, 6, 5, 4, 3, 2, 1]);
      t.expect(whole.cursor).toBe(null);
    },
  },
  {
    name: "a cursor stands still while checkpoints come and go",
    async run(t) {
      const key = await saved(t, "moving");
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) ids.unshift(await mark(t, key));
      const records = await collect(
        (cursor) => t.backend.checkpoints(key, { limit: 2, ...cursor }),
        async (pages) => {
          await mark(t, key);
          // The last of the page that was read, which its cursor points at.
          await apply(t, dropping(key, ids[pages * 2 - 1]!));
        },
      );
      t.expect(records.map((record) => record.checkpointId)).toEqual(ids);
    },
  },
  {
    name: "a dropped checkpoint is gone, and the last one is found anew",
    async run(t) {
      const key = await saved(t, "dropped");
      const [a, b, c, d] = [await mark(t, key), await mark(t, key), await mark(t, key), await mark(t, key)];
      const none = snapshot().checkpointId;
      await refuse(t, dropping(key, a!, none), "checkpoint_not_found");
      await apply(t, dropping(key, b!));
      t.expect((await headOf(t.backend, key)).lastCheckpoint!.checkpointId).toBe(d);
      const { head } = await apply(t, dropping(key, d!, c!));
      t.expect([head.lastCheckpoint!.checkpointId, head.checkpointCount, head.sequence]).toEqual([a, 1, 4]);
      t.expect([await t.backend.checkpoint(key, d!), await listed(t, key)]).toEqual([null, [a]]);
      const empty = await apply(t, dropping(key, a!));
      t.expect([empty.head.lastCheckpoint, empty.head.checkpointCount]).toEqual([null, 0]);
      const { head: next } = await apply(t, change(key, { checkpoint: snapshot() }));
      t.expect(next.lastCheckpoint!.sequence).toBe(5);
    },
  },
  {
    name: "a quarantined checkpoint stays in the list, marked, and can still be dropped",
    async run(t) {
      const key = await saved(t, "quarantined");
      const [first, last] = [await mark(t, key), await mark(t, key)];
      const { result } = await apply(t, quarantining(key, last!));
      const marked = await t.backend.checkpoint(key, last!);
      t.expect([marked!.verified, marked!.quarantinedAt]).toEqual([false, result.at]);
      const { head } = await apply(t, quarantining(key, last!));
      t.expect(head.lastCheckpoint).toEqual(marked);
      t.expect(await listed(t, key)).toEqual([last, first]);
      t.expect((await t.backend.checkpoint(key, first!))!.quarantinedAt).toBe(null);
      await apply(t, dropping(key, last!));
      t.expect(await listed(t, key)).toEqual([first]);
    },
  },
  {
    name: "one commit restores a state, quarantines and drops together",
    async run(t) {
      const key = await saved(t, "together");
      const [a, b, c] = [await mark(t, key), await mark(t, key), await mark(t, key)];
      const checkpoints = new Map([
        [a!, "drop" as const],
        [b!, "quarantine" as const],
      ]);
      const checkpoint = snapshot();
      const { head } = await apply(t, await saving(key, 1, "v2", { effects: { checkpoints, checkpoint } }));
      t.expect(await listed(t, key)).toEqual([checkpoint.checkpointId, c, b]);
      t.expect([head.checkpointCount, head.lastCheckpoint!.version]).toEqual([3, 2]);
      t.expect((await t.backend.checkpoint(key, b!))!.verified).toBe(false);
    },
  },
  {
    name: "hundreds of checkpoints are all kept and all found",
    async run(t) {
      const key = await saved(t, "many");
      const drafts = Array.from({ length: 300 }, (_, i) => snapshot(`label-${i}`));
      const commits = drafts.map((checkpoint) => change(key, { checkpoint }));
      const outcomes = await t.backend.commit(commits);
      t.expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
      const ids = drafts.map((draft) => draft.checkpointId).reverse();
      const all = await collect((cursor) => t.backend.checkpoints(key, { limit: 70, ...cursor }));
      t.expect(all.map((record) => record.checkpointId)).toEqual(ids);
      t.expect((await t.backend.checkpoint(key, ids.at(-1)!))!.label).toBe("label-0");
      await apply(t, dropping(key, ids.at(-1)!, ids[150]!, ids[0]!));
      t.expect((await headOf(t.backend, key)).lastCheckpoint!.checkpointId).toBe(ids[1]);
      t.expect(await listed(t, key)).toEqual(ids.filter((_, i) => i !== 0 && i !== 150 && i !== 299));
    },
  },
];
