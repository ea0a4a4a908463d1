import type { PipelineKey } from "../../model/ids.ts";
import type { PipelineFilter } from "../types.ts";
import {
  apply,
  type Check,
  type Context,
  change,
  collect,
  contentOf,
  headOf,
  pass,
  refuse,
  saved,
  saving,
  snapshot,
} from "./support.ts";

/** Ids that are prefixes of one another, or differ where separators and cases are mixed up. */
const IDS = ["P", "a", "a-b", "a.b", "a.b.c", "a0", "aa", "ab", "p", "p.1", "p_1"];

async function listed(t: Context, filter: PipelineFilter, limit = 3, tenant = t.tenant) {
  const heads = await collect((cursor) => t.backend.pipelines(tenant, filter, { limit, ...cursor }));
  return heads.map((head) => head.pipelineId);
}

async function fails(run: () => Promise<unknown>): Promise<string> {
  return run().then(
    () => "nothing thrown",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

export const listChecks: Check[] = [
  {
    name: "pipelines are listed by id, page by page, without the deleted ones",
    async run(t) {
      for (const id of [...IDS].reverse()) await saved(t, id);
      t.expect(await listed(t, {})).toEqual(IDS);
      t.expect(await listed(t, {}, 100)).toEqual(IDS);
      await apply(t, change({ tenant: t.tenant, pipelineId: "a.b" }, { remove: true }));
      t.expect(await listed(t, {}, 2)).toEqual(IDS.filter((id) => id !== "a.b"));
      const [head] = (await t.backend.pipelines(t.tenant, {}, { limit: 1 })).data;
      t.expect(head).toEqual(await headOf(t.backend, { tenant: t.tenant, pipelineId: "P" }));
    },
  },
  {
    name: "a page of pipelines stands still while others come and go",
    async run(t) {
      for (const id of IDS) await saved(t, id);
      const added = ["0", "a1", "zz"];
      const gone = ["P", "aa"];
      const heads = await collect(
        (cursor) => t.backend.pipelines(t.tenant, {}, { limit: 4, ...cursor }),
        async (pages) => {
          if (pages > 1) return;
          for (const id of added) await saved(t, id);
          for (const pipelineId of gone)
            await apply(t, change({ tenant: t.tenant, pipelineId }, { remove: true }));
        },
      );
      const ids = heads.map((head) => head.pipelineId);
      t.expect(ids).toEqual([...new Set(ids)].sort());
      t.expect(IDS.filter((id) => !gone.includes(id) && !ids.includes(id))).toEqual([]);
      t.expect(ids.includes("zz")).toBe(true);
    },
  },
  {
    name: "filters by status, kind, labels and time let through what they say",
    async run(t) {
      for (const [i, pipelineId] of ["f1", "f2", "f3", "f4"].entries()) {
        const key = { tenant: t.tenant, pipelineId };
        const labels = { team: i % 2 ? "b" : "a", n: String(i) };
        const settings = { kind: i < 2 ? "etl" : "train", labels };
        await apply(t, change(key, { settings }, { expect: { create: "allowed" } }));
        if (i === 3) await apply(t, change(key, { status: "failed" }));
      }
      t.expect(await listed(t, { status: "running" }, 2)).toEqual(["f1", "f2", "f3"]);
      t.expect(await listed(t, { status: "failed" })).toEqual(["f4"]);
      t.expect(await listed(t, { kind: "train" }, 1)).toEqual(["f3", "f4"]);
      t.expect(await listed(t, { labels: { team: "b" } })).toEqual(["f2", "f4"]);
      t.expect(await listed(t, { labels: { team: "b", n: "1" }, kind: "etl" })).toEqual(["f2"]);
      t.expect(await listed(t, { labels: { team: "c" } })).toEqual([]);
      t.expect(await listed(t, { status: "cancelled" })).toEqual([]);
      await pass(t, 0.1);
      const late = await saved(t, "f5");
      const { updatedAt } = await headOf(t.backend, late);
      t.expect(await listed(t, { updatedBefore: updatedAt })).toEqual(["f1", "f2", "f3", "f4"]);
    },
  },
  {
    name: "a tenant sees only its own, however much the names are alike",
    async run(t) {
      const tenants = [t.tenant, `${t.tenant}.b`, `${t.tenant}-b`, `${t.tenant}b`];
      const ids = ["a", "b.a", "b"];
      for (const tenant of tenants)
        for (const pipelineId of ids)
          await apply(t, await saving({ tenant, pipelineId }, 0, `${tenant} ${pipelineId}`));
      for (const tenant of tenants) {
        t.expect(await listed(t, {}, 2, tenant)).toEqual(["a", "b", "b.a"]);
        for (const pipelineId of ids)
          t.expect(await contentOf(t, { tenant, pipelineId })).toBe(`${tenant} ${pipelineId}`);
      }
      t.expect(await listed(t, {}, 2, `${t.tenant}.`)).toEqual([]);
      const mine: PipelineKey = { tenant: tenants[0]!, pipelineId: "a" };
      const theirs: PipelineKey = { tenant: tenants[1]!, pipelineId: "a" };
      const checkpoint = snapshot();
      const { head } = await apply(t, change(mine, { checkpoint }));
      t.expect(await t.backend.checkpoint(theirs, checkpoint.checkpointId)).toBe(null);
      t.expect(await t.backend.frames(theirs, [head.state!.frame])).toEqual([null]);
      const drop = new Map([[checkpoint.checkpointId, "drop" as const]]);
      await refuse(t, change(theirs, { checkpoints: drop }), "checkpoint_not_found");
      await apply(t, change(theirs, { remove: true }));
      t.expect(await contentOf(t, mine)).toBe(`${t.tenant} a`);
    },
  },
  {
    name: "events are listed newest first, page by page, each with its own id",
    async run(t) {
      const key = await saved(t, "events");
      for (let i = 0; i < 4; i++) {
        const events = [
          { type: "quarantined", detail: `first ${i}` },
          { type: "recovered", detail: `second ${i}` },
        ] as const;
        await apply(t, change(key, { settings: { kind: "k" }, events }));
      }
      const events = await collect(
        (cursor) => t.backend.events(key, { limit: 2, ...cursor }),
        async () => void (await apply(t, change(key, { events: [{ type: "leased", owner: "o" }] }))),
      );
      const expected = [3, 2, 1, 0].flatMap((i) => [`second ${i}`, `first ${i}`]);
      t.expect(events.map((event) => event.detail)).toEqual([...expected, undefined]);
      t.expect(events.at(-1)!.type).toBe("created");
      t.expect(new Set(events.map((event) => event.eventId)).size).toBe(9);
      const [newest] = (await t.backend.events(key, { limit: 1 })).data;
      const { version, fence, updatedAt } = await headOf(t.backend, key);
      t.expect(newest).toEqual({
        ...{ eventId: newest!.eventId, at: updatedAt, type: "leased", version, fence, owner: "o" },
      });
    },
  },
  {
    name: "events of a refused or repeated commit are not recorded, nor of a status that was so already",
    async run(t) {
      const key = await saved(t, "quiet");
      const done = change(key, { status: "completed", events: [{ type: "completed" }] });
      await apply(t, done);
      await apply(t, done);
      await apply(t, change(key, { status: "completed", events: [{ type: "completed" }] }));
      await refuse(t, change(key, { status: "failed", events: [{ type: "failed" }] }), "invalid_transition");
      const { data } = await t.backend.events(key, { limit: 9 });
      t.expect(data.map((event) => event.type)).toEqual(["completed", "created"]);
    },
  },
  {
    name: "hundreds of events are all kept, in order, also many of one commit",
    async run(t) {
      const key = await saved(t, "noisy");
      const events = Array.from({ length: 250 }, (_, i) => ({
        type: "quarantined" as const,
        detail: `${i}`,
      }));
      await apply(t, change(key, { events }));
      await apply(t, change(key, { events: [{ type: "recovered" }] }));
      const all = await collect((cursor) => t.backend.events(key, { limit: 40, ...cursor }));
      const details = events.map((event) => event.detail).reverse();
      t.expect(all.map((event) => event.detail ?? event.type)).toEqual(["recovered", ...details, "created"]);
    },
  },
  {
    name: "a cursor that a list did not give out is refused",
    async run(t) {
      const key = await saved(t, "cursors");
      await saved(t, "cursors-2");
      const { cursor } = await t.backend.pipelines(t.tenant, {}, { limit: 1 });
      for (const wrong of [cursor!, "", "!", "AAAA", "../x"]) {
        const page = { limit: 1, cursor: wrong };
        t.expect(await fails(() => t.backend.checkpoints(key, page))).toBe("invalid_cursor");
        t.expect(await fails(() => t.backend.events(key, page))).toBe("invalid_cursor");
        if (wrong !== cursor)
          t.expect(await fails(() => t.backend.pipelines(t.tenant, {}, page))).toBe("invalid_cursor");
      }
    },
  },
];
