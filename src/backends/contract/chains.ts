import { chainOf, linksOf } from "../../model/chain.ts";
import type { FrameRef } from "../../model/frame.ts";
import type { Head } from "../../model/head.ts";
import { newWriteId, type PipelineKey } from "../../model/ids.ts";
import {
  type Applied,
  apply,
  type Check,
  type Context,
  change,
  contentOf,
  extending,
  headOf,
  noise,
  refuse,
  saved,
  saving,
  snapshot,
} from "./support.ts";

/** A pipeline whose state is a full frame and `deltas` upon it, each of which adds `bytes` of noise. */
async function grown(t: Context, pipelineId: string, deltas: number, bytes = 200): Promise<Applied> {
  const key = { tenant: t.tenant, pipelineId };
  let content = noise(1000);
  let applied = await apply(t, await saving(key, 0, content));
  for (let i = 1; i <= deltas; i++) {
    const next = new Uint8Array([...content, ...noise(bytes, 2 * i + 1)]);
    applied = await apply(t, await extending(key, applied.head, content, next));
    content = next;
  }
  return applied;
}

async function isHere(t: Context, key: PipelineKey, ref: FrameRef): Promise<boolean[]> {
  return (await t.backend.frames(key, linksOf(ref))).map((bytes) => bytes !== null);
}

/** Whether the content that a record names can be rebuilt. */
async function rebuilds(t: Context, key: PipelineKey, record: Parameters<Context["decode"]>[1]) {
  const stored = await t.backend.frames(key, linksOf(record.frame));
  return (await t.decode(key, record, stored)).ok;
}

const keyOf = ({ tenant, pipelineId }: Head): PipelineKey => ({ tenant, pipelineId });

/** Deltas upon a full frame: read together, kept together, and never upon another frame than their own. */
export const chainChecks: Check[] = [
  {
    name: "a chain comes with its head, the full frame first, and makes the content",
    async run(t) {
      for (const [deltas, bytes] of [
        [1, 10],
        [7, 200],
        [3, 40_000],
        [100, 20],
      ] as const) {
        const { head } = await grown(t, `chain-${deltas}`, deltas, bytes);
        const loaded = await t.backend.load(keyOf(head), { frames: true });
        const links = linksOf(head.state!.frame);
        t.expect(loaded!.frames.map((frame) => frame?.length)).toEqual(links.map((link) => link.storedBytes));
        const decoded = await t.decode(keyOf(head), head.state!, loaded!.frames);
        t.expect(decoded.ok && decoded.content.length).toBe(1000 + deltas * bytes);
        t.expect(await rebuilds(t, keyOf(head), head.history[0]!)).toBe(true);
      }
    },
  },
  {
    name: "a delta lands only upon the very frame that it is made for",
    async run(t) {
      const key = await saved(t, "base");
      const head = await headOf(t.backend, key);
      const late = await extending(key, head, "v1", "v1 and more");
      const wrong = { ...late, expect: { ...late.expect, base: "1-00000000000000000000.0" } };
      await refuse(t, wrong, "base_mismatch");
      await apply(t, await saving(key, 1, "v2"));
      await refuse(t, late, "version_mismatch");
      const other = { ...late, expect: { ...late.expect, version: 2 } };
      await refuse(t, other, "base_mismatch");
      t.expect(await contentOf(t, key)).toBe("v2");
      const none = { tenant: t.tenant, pipelineId: "base-none" };
      await refuse(t, { ...late, key: none, expect: { create: "allowed", base: "x.0" } }, "base_mismatch");
    },
  },
  {
    name: "of 20 deltas upon one frame one lands, and its chain is whole",
    async run(t) {
      const key = await saved(t, "race");
      const head = await headOf(t.backend, key);
      const commits = await Promise.all(
        Array.from({ length: 20 }, (_, i) => extending(key, head, "v1", `v1 and ${i} ${"x".repeat(i * 50)}`)),
      );
      const outcomes = await Promise.all(commits.map((commit) => t.backend.commit([commit])));
      t.expect(outcomes.filter(([outcome]) => outcome!.ok).length).toBe(1);
      const winner = commits[outcomes.findIndex(([outcome]) => outcome!.ok)]!;
      t.expect((await headOf(t.backend, key)).state!.sha256).toBe(winner.effects.state!.sha256);
      t.expect((await contentOf(t, key)).startsWith("v1 and")).toBe(true);
    },
  },
  {
    name: "a chain is kept while the state, an older version or a checkpoint names any frame of it",
    async run(t) {
      for (const bytes of [50, 40_000]) {
        const { head: start } = await grown(t, `kept-${bytes}`, 2, bytes);
        const key = keyOf(start);
        const draft = snapshot();
        const { head } = await apply(t, change(key, { checkpoint: draft }));
        const long = await apply(t, await extending(key, head, await stateOf(t, key), noise(30)));
        await apply(t, await saving(key, 4, "full"));
        await apply(t, await saving(key, 5, "and another"));
        const record = (await t.backend.checkpoint(key, draft.checkpointId))!;
        t.expect(await rebuilds(t, key, record), "the checkpoint").toBe(true);
        await apply(t, change(key, { checkpoints: new Map([[draft.checkpointId, "drop" as const]]) }));
        // A store may take its time with what is large.
        const here = bytes < 1000 && (await isHere(t, key, long.head.state!.frame)).includes(true);
        t.expect(here, "the chain goes when nothing names it").toBe(false);
        t.expect(await contentOf(t, key)).toBe("and another");
      }
    },
  },
  {
    name: "two checkpoints in one chain: it goes with the last of them, in either order",
    async run(t) {
      for (const first of [0, 1]) {
        const key = await saved(t, `two-${first}`);
        const drafts = [snapshot(), snapshot()];
        let { head } = await apply(t, change(key, { checkpoint: drafts[0]! }));
        ({ head } = await apply(t, await extending(key, head, "v1", "v1 v2")));
        ({ head } = await apply(t, change(key, { checkpoint: drafts[1]! })));
        const { frame } = head.state!;
        for (const version of [2, 3]) await apply(t, await saving(key, version, "away"));
        const drop = (i: number) =>
          apply(t, change(key, { checkpoints: new Map([[drafts[i]!.checkpointId, "drop" as const]]) }));
        await drop(first);
        const left = (await t.backend.checkpoint(key, drafts[1 - first]!.checkpointId))!;
        t.expect(await rebuilds(t, key, left)).toBe(true);
        await drop(1 - first);
        t.expect(await isHere(t, key, frame)).toEqual([false, false]);
      }
    },
  },
  {
    name: "a checkpoint dropped while its chain goes on leaves the chain whole",
    async run(t) {
      const key = await saved(t, "goes-on");
      const draft = snapshot();
      let { head } = await apply(t, change(key, { checkpoint: draft }));
      ({ head } = await apply(t, await extending(key, head, "v1", "v1 v2")));
      await apply(t, change(key, { checkpoints: new Map([[draft.checkpointId, "drop" as const]]) }));
      ({ head } = await apply(t, await extending(key, head, "v1 v2", "v1 v2 v3")));
      ({ head } = await apply(t, await extending(key, head, "v1 v2 v3", "v1 v2 v3 v4")));
      t.expect(await contentOf(t, key)).toBe("v1 v2 v3 v4");
      const { frame } = head.state!;
      for (const version of [4, 5]) await apply(t, await saving(key, version, "away"));
      t.expect((await isHere(t, key, frame)).includes(true), "the chain goes when nothing names it").toBe(
        false,
      );
    },
  },
  {
    name: "a deletion takes whole chains away, and a pipeline begun anew has none of them",
    async run(t) {
      const { head } = await grown(t, "deleted", 4, 9000);
      const key = keyOf(head);
      await apply(t, change(key, { remove: true }));
      t.expect((await isHere(t, key, head.state!.frame)).includes(true)).toBe(false);
      await apply(t, await saving(key, head.version, "anew", { expect: { create: "anew" } }));
      t.expect(await contentOf(t, key)).toBe("anew");
    },
  },
  {
    name: "a state that was rebuilt is marked verified, that very one only, and so is a checkpoint",
    async run(t) {
      const key = await saved(t, "verified");
      const head = await headOf(t.backend, key);
      const delta = await extending(key, head, "v1", "v1 v2");
      const claimed = { ...delta.effects.state!, verified: false };
      const draft = snapshot();
      const { head: next } = await apply(t, { ...delta, effects: { state: claimed, checkpoint: draft } });
      t.expect([next.state!.verified, next.lastCheckpoint!.verified]).toEqual([false, false]);
      const vouch = (base: string) => change(key, { verified: true }, { expect: { base } });
      await refuse(t, vouch(head.state!.frame.frameId), "base_mismatch");
      const { head: known } = await apply(t, vouch(next.state!.frame.frameId));
      t.expect([known.state!.verified, known.version]).toEqual([true, 2]);
      const verify = new Map([[draft.checkpointId, "verify" as const]]);
      const { head: last } = await apply(t, change(key, { checkpoints: verify }));
      t.expect(last.lastCheckpoint!.verified).toBe(true);
      t.expect((await t.backend.checkpoint(key, draft.checkpointId))!.verified).toBe(true);
    },
  },
  {
    name: "staged frames stay when a commit names them, and go with their chain",
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "staged" };
      const commit = await saving(key, 0, "root");
      const chain = chainOf(commit.effects.state!.frame.ref);
      const parts = [noise(20, 1), noise(70_000, 2), noise(300_000, 3)].map((bytes, i) => ({
        frameId: `${chain}.p${i}-${bytes.length.toString(36)}-abcdefg`,
        bytes,
      }));
      const links = parts.map(({ frameId, bytes }) => ({ frameId, storedBytes: bytes.length }));
      const whole = { ...commit, effects: { state: { ...commit.effects.state!, staged: links } } };
      await refuse(t, whole, "frames_missing");
      await t.backend.stage(key, parts.slice(0, 2));
      await refuse(t, { ...whole, writeId: newWriteId() }, "frames_missing");
      await t.backend.stage(key, parts.slice(1));
      await apply(t, { ...whole, writeId: newWriteId() });
      const stored = await t.backend.frames(key, links);
      t.expect(stored.map((bytes) => bytes?.length)).toEqual(links.map((link) => link.storedBytes));
      t.expect(stored[0]).toEqual(parts[0]!.bytes);
      t.expect(await contentOf(t, key)).toBe("root");
      t.expect((await t.backend.load(key, { frames: true }))!.frames.length).toBe(1);
      for (let version = 1; version < 22; version++)
        await apply(t, await saving(key, version, noise(50_000, version)));
      const left = await t.backend.frames(key, links);
      t.expect(
        left.some((bytes) => bytes !== null),
        "they outlive 20 versions",
      ).toBe(false);
    },
  },
  {
    name: "what nobody came to name is collected when it is old, and nothing else",
    async run(t) {
      const { head } = await grown(t, "collected", 3, 40_000);
      const key = keyOf(head);
      const bytes = noise(50_000, 9);
      const left = { frameId: `9-00000000000000000000.p1-${bytes.length.toString(36)}-abcdefg`, bytes };
      await t.backend.stage(key, [left]);
      const link = { frameId: left.frameId, storedBytes: bytes.length };
      await t.backend.collect(key, 3600);
      await t.backend.collect(key, 0);
      t.expect(await rebuilds(t, key, head.state!)).toBe(true);
      t.expect(await rebuilds(t, key, head.history[0]!)).toBe(true);
      t.expect((await t.backend.frames(key, [link]))[0]).toBe(null);
      const state = { ...(await saving(key, head.version, "v")).effects.state!, staged: [link] };
      await refuse(t, change(key, { state }, { expect: { version: head.version } }), "frames_missing");
    },
  },
  {
    name: "a checkpoint is loaded with its chain, where the store offers that",
    async run(t) {
      if (!t.backend.loadCheckpoint) return;
      const made: { key: PipelineKey; ids: string[] }[] = [];
      for (const bytes of [100, 40_000]) {
        const { head } = await grown(t, `loaded-${bytes}`, 3, bytes);
        const ids: string[] = [];
        let next = head;
        for (let i = 0; i < 3; i++) {
          const draft = snapshot();
          ids.push(draft.checkpointId);
          await apply(t, change(keyOf(head), { checkpoint: draft }));
          const content = await stateOf(t, keyOf(head));
          const longer = new Uint8Array([...content, ...noise(bytes, 2 * i + 101)]);
          ({ head: next } = await apply(t, await extending(keyOf(head), next, content, longer)));
        }
        made.push({ key: keyOf(head), ids });
      }
      for (const { key, ids } of made) {
        for (const id of ids) {
          const loaded = (await t.backend.loadCheckpoint(key, id))!;
          t.expect(loaded.record).toEqual(await t.backend.checkpoint(key, id));
          t.expect((await t.decode(key, loaded.record, loaded.frames)).ok).toBe(true);
        }
        t.expect(
          await t.backend.loadCheckpoint(
            key,
            made[0]!.ids[0] === ids[0] ? made[1]!.ids[0]! : made[0]!.ids[0]!,
          ),
        ).toBe(null);
      }
      const nobody = { tenant: t.tenant, pipelineId: "nobody" };
      t.expect(await t.backend.loadCheckpoint(nobody, made[0]!.ids[0]!)).toBe(null);
    },
  },
  {
    name: "damage to any frame of a chain is found, and named",
    async run(t) {
      if (!t.damage) return;
      for (const how of ["flip", "truncate", "delete"] as const) {
        for (const bytes of [100, 60_000]) {
          for (const place of [0, 1, 2]) {
            const { head } = await grown(t, `${how}-${bytes}-${place}`, 2, bytes);
            const link = linksOf(head.state!.frame)[place]!;
            await t.damage(keyOf(head), link, how);
            const stored = await t.backend.frames(keyOf(head), linksOf(head.state!.frame));
            const decoded = await t.decode(keyOf(head), head.state!, stored);
            const named = !decoded.ok && decoded.problem.includes(link.frameId);
            t.expect(named, `${how} of frame ${place} (${bytes})`).toBe(true);
          }
        }
      }
    },
  },
];

async function stateOf(t: Context, key: PipelineKey): Promise<Uint8Array> {
  const loaded = (await t.backend.load(key, { frames: true }))!;
  const decoded = await t.decode(key, loaded.head.state!, loaded.frames);
  if (!decoded.ok) throw new Error(decoded.problem);
  return decoded.content;
}
