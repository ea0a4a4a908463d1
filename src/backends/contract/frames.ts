import type { Content } from "../../frames/frame.ts";
import type { FrameRef } from "../../model/frame.ts";
import { VERSIONS_KEPT } from "../../model/head.ts";
import type { PipelineKey } from "../../model/ids.ts";
import {
  apply,
  type Check,
  type Context,
  change,
  contentOf,
  dataCheckpoint,
  noise,
  saved,
  saving,
  snapshot,
} from "./support.ts";

type Step = "drop a" | "drop b" | "push";

/** Every order of dropping two checkpoints while as many versions are pushed out as are kept. */
function orders(left: Step[]): Step[][] {
  if (left.length === 0) return [[]];
  const firsts = [...new Set(left)];
  return firsts.flatMap((first) => {
    const rest = left.toSpliced(left.indexOf(first), 1);
    return orders(rest).map((order) => [first, ...order]);
  });
}

/** A frame shared by a state and two checkpoints is there for as long as one of them names it. */
async function shared(t: Context, pipelineId: string, steps: readonly Step[]): Promise<void> {
  const key = await saved(t, pipelineId);
  const drafts = { "drop a": snapshot(), "drop b": snapshot() };
  await apply(t, change(key, { checkpoint: drafts["drop a"] }));
  const { head } = await apply(t, change(key, { checkpoint: drafts["drop b"] }));
  const { frame } = head.state!;
  const done: Step[] = [];
  for (const step of steps) {
    done.push(step);
    const pushed = done.filter((each) => each === "push").length;
    const drop = (id: string) => change(key, { checkpoints: new Map([[id, "drop" as const]]) });
    await apply(t, step === "push" ? await saving(key, pushed, "next") : drop(drafts[step].checkpointId));
    const named = pushed <= VERSIONS_KEPT || !done.includes("drop a") || !done.includes("drop b");
    const [bytes] = await t.backend.frames(key, [frame]);
    t.expect(bytes !== null, `the frame is there after ${done.join(", ")}`).toBe(named);
  }
}

async function isHere(t: Context, key: PipelineKey, refs: FrameRef[]) {
  return (await t.backend.frames(key, refs)).map((bytes) => bytes !== null);
}

/** What comes out is what went in, and stays for as long as something names it. */
export const frameChecks: Check[] = [
  {
    name: "the bytes of a frame come back exactly: none, one, many, every value",
    async run(t) {
      const most = Math.min(1 << 20, t.backend.capabilities.maxFrameBytes);
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      for (const content of [new Uint8Array(0), new Uint8Array(1), every, noise(70_000), noise(most)]) {
        const key = { tenant: t.tenant, pipelineId: `bytes-${content.length}` };
        const commit = await saving(key, 0, content);
        const { head } = await apply(t, commit);
        const loaded = await t.backend.load(key, { frames: true });
        t.expect(same(loaded!.frames[0]!, commit.effects.state!.frame.bytes)).toBe(true);
        const [bytes] = await t.backend.frames(key, [head.state!.frame]);
        t.expect(same(bytes!, commit.effects.state!.frame.bytes)).toBe(true);
        const decoded = await t.decode(key, head.state!, [bytes!]);
        t.expect(decoded.ok && same(decoded.content, content)).toBe(true);
      }
    },
  },
  {
    name: "frames are given in the order asked for, null where there is none, also of another pipeline",
    async run(t) {
      const key = await saved(t, "order", 2);
      const other = await saved(t, "order-2");
      const { head } = (await t.backend.load(key))!;
      const theirs = (await t.backend.load(other))!.head.state!.frame;
      const [older, newer] = [head.history[0]!.frame, head.state!.frame];
      const found = await t.backend.frames(key, [newer, theirs, older, newer]);
      t.expect(found.map((bytes) => bytes && new TextDecoder().decode(bytes))).toEqual([
        "v2",
        null,
        "v1",
        "v2",
      ]);
      t.expect(await t.backend.frames(key, [])).toEqual([]);
    },
  },
  {
    name: `the current version and ${VERSIONS_KEPT} before it can be read, older ones are gone`,
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "history" };
      const refs: FrameRef[] = [];
      for (let version = 0; version < 5; version++) {
        const { head } = await apply(t, await saving(key, version, noise(2000, version + 1)));
        refs.push(head.state!.frame);
        t.expect(head.history.map((state) => state.version)).toEqual(version === 0 ? [] : [version]);
      }
      t.expect(await isHere(t, key, refs)).toEqual(refs.map((_, i) => i >= refs.length - 1 - VERSIONS_KEPT));
    },
  },
  {
    name: "a damaged state that is replaced is no longer a recovery point",
    async run(t) {
      const key = await saved(t, "replaced", 2);
      const { head: before } = (await t.backend.load(key))!;
      const { head } = await apply(t, await saving(key, 2, "v3", { effects: { dropReplaced: true } }));
      t.expect(head.history.map((state) => state.version)).toEqual([1]);
      t.expect(await isHere(t, key, [before.state!.frame, before.history[0]!.frame])).toEqual([false, true]);
    },
  },
  {
    name: "a frame is kept while state, history or a checkpoint names it, in whatever order they let go",
    async run(t) {
      const all = orders(["drop a", "drop b", ...Array<Step>(VERSIONS_KEPT + 1).fill("push")]);
      for (const [i, steps] of all.entries()) await shared(t, `shared-${i}`, steps);
    },
  },
  {
    name: "a frame of data goes with its checkpoint",
    async run(t) {
      const key = await saved(t, "data-frame");
      const draft = await dataCheckpoint(key, 1, noise(3000));
      await apply(t, change(key, { checkpoint: draft }, { expect: { version: 1 } }));
      for (let version = 1; version < 4; version++) await apply(t, await saving(key, version, "more"));
      t.expect(await isHere(t, key, [draft.data.frame.ref])).toEqual([true]);
      const drop = new Map([[draft.checkpointId, "drop" as const]]);
      await apply(t, change(key, { checkpoints: drop }));
      t.expect(await isHere(t, key, [draft.data.frame.ref])).toEqual([false]);
    },
  },
  {
    name: "large frames that nothing names do not pile up",
    async run(t) {
      const key = { tenant: t.tenant, pipelineId: "large" };
      const refs: FrameRef[] = [];
      for (let version = 0; version < 40; version++) {
        const { head } = await apply(t, await saving(key, version, noise(50_000, version + 1)));
        refs.push(head.state!.frame);
      }
      const here = await isHere(t, key, refs);
      t.expect(here.slice(0, 20).includes(true), "a large frame outlives 20 versions").toBe(false);
      t.expect(here.slice(-1 - VERSIONS_KEPT)).toEqual(Array(1 + VERSIONS_KEPT).fill(true));
    },
  },
  {
    name: "a refused save stores nothing that can be read",
    async run(t) {
      const key = await saved(t, "refused-frame");
      const commit = await saving(key, 7, noise(3000));
      const [outcome] = await t.backend.commit([commit]);
      t.expect(outcome!.ok).toBe(false);
      t.expect(await contentOf(t, key)).toBe("v1");
    },
  },
  {
    name: "damage to stored bytes is found, and never served",
    async run(t) {
      if (!t.damage) return;
      for (const how of ["flip", "truncate", "delete"] as const) {
        for (const content of ["small", noise(300_000)]) {
          const key = { tenant: t.tenant, pipelineId: `${how}-${content.length}` };
          const { head } = await apply(t, await saving(key, 0, content));
          await t.damage(key, head.state!.frame, how);
          const loaded = async () => (await t.backend.load(key, { frames: true }))!.frames[0]!;
          const read = async () => (await t.backend.frames(key, [head.state!.frame]))[0]!;
          const what = `${how} of ${content.length} bytes`;
          t.expect(await verdictOf(t, key, head.state!, loaded), what).toBe("damaged");
          t.expect(await verdictOf(t, key, head.state!, read), what).toBe("damaged");
        }
      }
    },
  },
];

/** A store may find damage itself: where a frame shares an object with its head, all of that is damaged. */
async function verdictOf(
  t: Context,
  key: PipelineKey,
  record: Content,
  read: () => Promise<Uint8Array | null>,
): Promise<"damaged" | "served"> {
  const stored = await read().catch((error: unknown) => {
    if ((error as { code?: string }).code !== "unrecoverable") throw error;
    return null;
  });
  return (await t.decode(key, record, [stored])).ok ? "served" : "damaged";
}

/** As `toEqual`, without its cost on a megabyte. */
function same(a: Uint8Array | null, b: Uint8Array): boolean {
  return a !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
