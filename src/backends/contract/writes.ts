import { WRITES_KEPT } from "../../model/head.ts";
import { newWriteId } from "../../model/ids.ts";
import type { Commit } from "../types.ts";
import {
  apply,
  type Check,
  type Context,
  change,
  contentOf,
  headOf,
  outcomeOf,
  refuse,
  saved,
  saving,
  snapshot,
  take,
} from "./support.ts";

/** Changes of no consequence, in one call: what makes older write ids be forgotten. */
async function others(t: Context, commit: Commit, count: number): Promise<void> {
  const commits = Array.from({ length: count }, (_, i) =>
    change(commit.key, { settings: { labels: { i: String(i) } } }),
  );
  const outcomes = await t.backend.commit(commits);
  t.expect(outcomes.filter((outcome) => outcome.ok).length).toBe(count);
}

/** A write applies once, and its caller is told the truth (design invariant 4). */
export const writeChecks: Check[] = [
  {
    name: "a commit that is sent again is applied once, and answered as the first time",
    async run(t) {
      const key = await saved(t, "replay");
      const commit = await saving(key, 1, "v2", { effects: { checkpoint: snapshot(), note: { a: [1] } } });
      const first = await apply(t, commit);
      await apply(t, await saving(key, 2, "v3"));
      const before = await headOf(t.backend, key);
      const again = await apply(t, commit);
      t.expect([first.replayed, again.replayed]).toEqual([false, true]);
      t.expect(again.result).toEqual(first.result);
      t.expect(first.result.note).toEqual({ a: [1] });
      t.expect(await headOf(t.backend, key)).toEqual(before);
      t.expect((await t.backend.checkpoints(key, { limit: 9 })).data.length).toBe(1);
      t.expect(await contentOf(t, key)).toBe("v3");
    },
  },
  {
    name: "a replay is answered even when what it expected holds no longer",
    async run(t) {
      const key = await saved(t, "late");
      const grant = change(key, { lease: { take: { owner: "one", ttlSeconds: 60 } } });
      const first = await apply(t, grant);
      const write = await saving(key, 1, "v2", { expect: { fence: first.result.fence } });
      const landed = await apply(t, write);
      await apply(t, change(key, { status: "cancelled" }, { expect: { force: true } }));
      await take(t, key, "two");
      t.expect((await apply(t, write)).result).toEqual(landed.result);
      const again = await apply(t, grant);
      t.expect([again.replayed, again.result]).toEqual([true, first.result]);
    },
  },
  {
    name: "one write id with another digest is refused",
    async run(t) {
      const key = await saved(t, "mismatch");
      const writeId = newWriteId();
      await apply(t, change(key, { settings: { kind: "a" } }, { writeId }));
      const digest = "1".repeat(64);
      const other = change(key, { settings: { kind: "b" } }, { writeId, digest });
      await refuse(t, other, "idempotency_mismatch");
      const elsewhere = await saved(t, "mismatch-2");
      await apply(t, { ...other, key: elsewhere });
    },
  },
  {
    name: "a refused commit is not remembered: sent again it is judged again",
    async run(t) {
      const key = await saved(t, "refused");
      const commit = await saving(key, 2, "v3");
      await refuse(t, commit, "version_mismatch");
      await apply(t, await saving(key, 1, "v2"));
      const now = await apply(t, commit);
      t.expect([now.replayed, now.head.version]).toEqual([false, 3]);
    },
  },
  {
    name: `a write is known after ${WRITES_KEPT - 1} others, and forgotten after ${WRITES_KEPT}`,
    async run(t) {
      const key = await saved(t, "memory");
      const commit = change(key, { settings: { kind: "remembered" } });
      const first = await apply(t, commit);
      await others(t, commit, WRITES_KEPT - 1);
      const known = await apply(t, commit);
      t.expect([known.replayed, known.result]).toEqual([true, first.result]);
      await others(t, commit, 1);
      const { head } = await apply(t, commit);
      t.expect(head.writes.length).toBe(WRITES_KEPT);
      t.expect(head.revision).toBe(first.head.revision + WRITES_KEPT + 1);
    },
  },
  {
    name: "the commits of one call are applied each by itself, in order",
    async run(t) {
      const key = await saved(t, "batch-a");
      const other = { tenant: t.tenant, pipelineId: "batch-b" };
      const twice = await saving(key, 3, "a4");
      const outcomes = await t.backend.commit([
        await saving(key, 1, "a2"),
        await saving(other, 0, "b1"),
        await saving(key, 2, "a3", { effects: { checkpoint: snapshot() } }),
        await saving(key, 9, "never"),
        twice,
        await saving(other, 1, "b2"),
        twice,
        change({ tenant: t.tenant, pipelineId: "batch-c" }, { status: "failed" }),
      ]);
      t.expect(outcomes.map((each) => (each.ok ? each.result.version : each.refusal))).toEqual([
        2,
        1,
        3,
        "version_mismatch",
        4,
        2,
        4,
        "not_found",
      ]);
      t.expect(outcomes.map((each) => each.ok && each.replayed).indexOf(true)).toBe(6);
      t.expect([await contentOf(t, key), await contentOf(t, other)]).toEqual(["a4", "b2"]);
      t.expect((await headOf(t.backend, key)).checkpointCount).toBe(1);
      t.expect(await t.backend.commit([])).toEqual([]);
    },
  },
  {
    name: "a write id binds within its pipeline only",
    async run(t) {
      const writeId = newWriteId();
      for (const pipelineId of ["p", "p.1", "p-1"]) {
        const key = { tenant: t.tenant, pipelineId };
        const outcome = await outcomeOf(t.backend, await saving(key, 0, pipelineId, { writeId }));
        t.expect(outcome.ok && !outcome.replayed).toBe(true);
        t.expect(await contentOf(t, key)).toBe(pipelineId);
      }
    },
  },
];
