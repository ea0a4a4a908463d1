import {
  apply,
  bytesOf,
  type Check,
  change,
  contentOf,
  headOf,
  refuse,
  saved,
  saving,
  snapshot,
  take,
} from "./support.ts";

/** The life of a head: made, changed under compare-and-set, deleted, started anew. */
export const headChecks: Check[] = [
  {
    name: "what nobody wrote is not there",
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "none" };
      t.expect(await t.backend.load(key)).toBe(null);
      t.expect(await t.backend.load(key, { frames: true })).toBe(null);
      t.expect((await t.backend.checkpoints(key, { limit: 5 })).data).toEqual([]);
      t.expect((await t.backend.events(key, { limit: 5 })).data).toEqual([]);
      await refuse(t, change(key, { settings: { kind: "x" } }), "not_found");
    },
  },
  {
    name: "a first save makes the pipeline, running, at version 1",
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "first" };
      const { head, result, replayed } = await apply(t, await saving(key, 0, "v1"));
      t.expect([replayed, result.created, result.version, result.fence]).toEqual([false, true, 1, 0]);
      t.expect([head.status, head.attempt, head.kind, head.deleted]).toEqual([
        "running",
        0,
        "default",
        false,
      ]);
      t.expect([head.tenant, head.pipelineId]).toEqual([key.tenant, key.pipelineId]);
      t.expect(await headOf(t.backend, key)).toEqual(head);
      t.expect(result.content).toEqual({
        contentType: "text/plain",
        bytes: 2,
        storedBytes: 2,
        sha256: head.state!.sha256,
      });
      t.expect(await contentOf(t, key)).toBe("v1");
    },
  },
  {
    name: "each change raises the revision, only a change of state raises the version",
    async run(t) {
      const key = await saved(t, "counters");
      const before = await headOf(t.backend, key);
      const labels = { team: "a" };
      const renamed = await apply(t, change(key, { settings: { kind: "etl", labels } }));
      t.expect([renamed.head.version, renamed.head.revision]).toEqual([1, before.revision + 1]);
      t.expect([renamed.head.kind, renamed.head.labels]).toEqual(["etl", labels]);
      t.expect(renamed.result.created).toBe(false);
      const again = await apply(t, await saving(key, 1, "v2"));
      t.expect([again.head.version, again.head.revision]).toEqual([2, before.revision + 2]);
      t.expect(again.head.kind).toBe("etl");
      t.expect(await contentOf(t, key)).toBe("v2");
    },
  },
  {
    name: "a save over another version than the head's is refused and changes nothing",
    async run(t) {
      const key = await saved(t, "version", 2);
      for (const version of [0, 1, 3]) await refuse(t, await saving(key, version, "x"), "version_mismatch");
      const missing = { tenant: t.tenant, pipelineId: "not-yet" };
      await refuse(t, await saving(missing, 1, "x"), "version_mismatch");
      await apply(t, await saving(key, 2, "v3"));
      t.expect(await contentOf(t, key)).toBe("v3");
    },
  },
  {
    name: "a change bound to a revision is refused under another",
    async run(t) {
      const key = await saved(t, "revision");
      const { revision } = await headOf(t.backend, key);
      const bound = (at: number) =>
        change(key, { settings: { kind: `k${at}` } }, { expect: { revision: at } });
      await refuse(t, bound(revision - 1), "revision_mismatch");
      await refuse(t, bound(revision + 1), "revision_mismatch");
      await apply(t, bound(revision));
      await refuse(t, bound(revision), "revision_mismatch");
    },
  },
  {
    name: "If-None-Match: a create is refused where a state is, and needs none where only the pipeline is",
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "create" };
      const create = (version: number) =>
        saving(key, version, "new", { expect: { create: "anew", state: "absent" } });
      await apply(t, change(key, { settings: { kind: "etl" } }, { expect: { create: "allowed" } }));
      const { result, head } = await apply(t, await create(0));
      t.expect([result.created, result.version, head.kind]).toEqual([true, 1, "etl"]);
      await refuse(t, await create(1), "state_exists");
    },
  },
  {
    name: "If-Match: a write over what must be there is refused where there is none",
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "match" };
      const over = (version: number) =>
        saving(key, version, "next", { expect: { create: "never", state: "present" } });
      await refuse(t, await over(0), "not_found");
      await apply(t, change(key, { settings: { kind: "etl" } }, { expect: { create: "allowed" } }));
      await refuse(t, await over(0), "no_state");
      await refuse(t, change(key, { checkpoint: snapshot() }), "no_state");
      await apply(t, await saving(key, 0, "v1"));
      await apply(t, await over(1));
    },
  },
  {
    name: "a deleted pipeline leaves a tombstone: nothing to read, and nothing may be written",
    async run(t) {
      const key = await saved(t, "deleted", 3);
      const draft = snapshot("kept");
      const { head } = await apply(t, change(key, { checkpoint: draft }));
      await apply(t, change(key, { remove: true }));
      const loaded = await t.backend.load(key, { frames: true });
      t.expect([loaded!.head.deleted, loaded!.head.state, loaded!.frames]).toEqual([true, null, []]);
      t.expect(loaded!.head.version).toBe(3);
      t.expect(await t.backend.checkpoint(key, draft.checkpointId)).toBe(null);
      t.expect((await t.backend.checkpoints(key, { limit: 9 })).data).toEqual([]);
      t.expect((await t.backend.events(key, { limit: 9 })).data).toEqual([]);
      t.expect(await t.backend.frames(key, [head.state!.frame])).toEqual([null]);
      t.expect((await t.backend.pipelines(t.tenant, {}, { limit: 9 })).data).toEqual([]);
      await refuse(t, await saving(key, 3, "late"), "pipeline_deleted");
      await refuse(t, change(key, { settings: { kind: "late" } }), "pipeline_deleted");
      await refuse(t, change(key, { lease: { take: { owner: "o", ttlSeconds: 9 } } }), "pipeline_deleted");
      await refuse(t, change(key, { remove: true }), "pipeline_deleted");
    },
  },
  {
    name: "a pipeline started anew goes on counting versions, revisions, fences and checkpoints",
    async run(t) {
      const key = await saved(t, "phoenix", 2);
      const fence = await take(t, key);
      const held = await apply(t, change(key, { checkpoint: snapshot() }, { expect: { fence } }));
      await apply(t, change(key, { remove: true }, { expect: { fence } }));
      const grave = await headOf(t.backend, key);
      t.expect([grave.fence, grave.version, grave.lease]).toEqual([fence + 1, 2, null]);
      const anew = { create: "anew", state: "absent" } as const;
      await refuse(t, await saving(key, 0, "again", { expect: anew }), "version_mismatch");
      const born = await apply(t, await saving(key, 2, "again", { expect: anew }));
      t.expect([born.result.created, born.head.version, born.head.fence]).toEqual([true, 3, fence + 1]);
      t.expect(born.head.revision > grave.revision).toBe(true);
      t.expect([born.head.attempt, born.head.history, born.head.checkpointCount]).toEqual([0, [], 0]);
      t.expect(await contentOf(t, key)).toBe("again");
      t.expect(await take(t, key)).toBe(fence + 2);
      const next = await apply(t, change(key, { checkpoint: snapshot() }, { expect: { fence: fence + 2 } }));
      t.expect(next.head.sequence).toBe(held.head.sequence + 1);
      const events = await t.backend.events(key, { limit: 50 });
      t.expect(events.data.map((event) => event.type)).toEqual(["created"]);
    },
  },
  {
    name: "a deletion that is sent again after the pipeline was started anew deletes nothing",
    async run(t) {
      const key = await saved(t, "again");
      const removal = change(key, { remove: true });
      const first = await apply(t, removal);
      t.expect((await apply(t, removal)).replayed).toBe(true);
      await apply(t, await saving(key, 1, "anew", { expect: { create: "anew", state: "absent" } }));
      const late = await apply(t, removal);
      t.expect([late.replayed, late.result]).toEqual([true, first.result]);
      t.expect(await contentOf(t, key)).toBe("anew");
    },
  },
  {
    name: "a finished pipeline stays finished, a failed one may be resumed, an interrupted one goes on by a save",
    async run(t) {
      const done = await saved(t, "done");
      await apply(t, change(done, { status: "completed", events: [{ type: "completed" }] }));
      await apply(t, change(done, { status: "completed" }));
      for (const status of ["failed", "cancelled", "interrupted"] as const)
        await refuse(t, change(done, { status }), "invalid_transition");
      const resumed = { resumed: true, lease: { take: { owner: "o", ttlSeconds: 9 } } } as const;
      await refuse(t, change(done, resumed), "invalid_transition");
      const failed = await saved(t, "failed");
      await apply(t, change(failed, { status: "failed" }));
      const { head, result } = await apply(t, change(failed, resumed));
      t.expect([head.status, head.attempt, result.attempt, result.fence]).toEqual(["running", 1, 1, 1]);
      const broken = await saved(t, "broken");
      await apply(t, change(broken, { status: "interrupted" }));
      t.expect((await apply(t, await saving(broken, 1, "v2"))).head.status).toBe("running");
    },
  },
  {
    name: "bytes that were handed in may be used again by their sender",
    async run(t) {
      // Also a Buffer, whose slice() is not a copy.
      const buffers = [bytesOf("as it was"), globalThis.Buffer?.from("as it was") ?? bytesOf("as it was")];
      for (const [i, content] of buffers.entries()) {
        const key = { tenant: t.tenant, pipelineId: `buffer-${i}` };
        await apply(t, await saving(key, 0, content));
        content.fill(0);
        t.expect(await contentOf(t, key)).toBe("as it was");
        const { head } = await apply(t, await saving(key, 1, "v2"));
        const older = head.history[0]!;
        const [bytes] = await t.backend.frames(key, [older.frame]);
        t.expect((await t.decode(key, older, [bytes!])).ok, "the older frame verifies").toBe(true);
      }
    },
  },
  {
    name: "what is handed out is nobody's to change",
    async run(t) {
      const key = await saved(t, "shared");
      const { head, result } = await apply(t, change(key, { settings: { kind: "etl", labels: { a: "b" } } }));
      Object.assign(head.labels, { a: "c" });
      Object.assign(head, { kind: "changed", writes: [] });
      Object.assign(result, { version: 99 });
      const loaded = await t.backend.load(key, { frames: true });
      t.expect([loaded!.head.kind, loaded!.head.labels]).toEqual(["etl", { a: "b" }]);
      loaded!.frames[0]!.fill(0);
      loaded!.head.state = null;
      const next = await apply(t, await saving(key, 1, "v2"));
      t.expect([next.head.kind, next.head.labels, next.head.writes.length]).toEqual(["etl", { a: "b" }, 3]);
      t.expect(await headOf(t.backend, key)).toEqual(next.head);
      const [bytes] = await t.backend.frames(key, [next.head.history[0]!.frame]);
      t.expect((await t.decode(key, next.head.history[0]!, [bytes!])).ok, "the older frame verifies").toBe(
        true,
      );
    },
  },
];
