import type { Effects } from "../types.ts";
import {
  apply,
  type Check,
  change,
  contentOf,
  dataCheckpoint,
  expire,
  headOf,
  pass,
  refuse,
  saved,
  saving,
  snapshot,
  take,
} from "./support.ts";

const writing: [string, Effects][] = [
  ["a checkpoint", { checkpoint: snapshot() }],
  ["a heartbeat", { lease: { renew: {} } }],
  ["a release", { lease: { release: true } }],
  ["a status", { status: "completed" }],
  ["settings", { settings: { kind: "stolen" } }],
  ["a deletion", { remove: true }],
];

/** While a lease is live only its holder writes; a fence that is not the newest never does. */
export const fenceChecks: Check[] = [
  {
    name: "each grant raises the fence, also for the same owner",
    async run(t) {
      const key = await saved(t, "grants");
      t.expect([await take(t, key, "one"), await take(t, key, "one")]).toEqual([1, 2]);
      const { lease } = await headOf(t.backend, key);
      t.expect([lease!.owner, lease!.ttlSeconds]).toEqual(["one", 60]);
      await refuse(t, change(key, { lease: { take: { owner: "two", ttlSeconds: 9 } } }), "lease_held");
      await refuse(t, await saving(key, 1, "old", { expect: { fence: 1 } }), "fence_lost");
      await apply(t, await saving(key, 1, "v2", { expect: { fence: 2 } }));
    },
  },
  {
    name: "under a live lease every write without the fence is refused, and changes nothing",
    async run(t) {
      const key = await saved(t, "held");
      await take(t, key);
      await refuse(t, await saving(key, 1, "x"), "lease_held");
      for (const [, effects] of writing) await refuse(t, change(key, effects), "lease_held");
    },
  },
  {
    name: "with a stale fence every write is refused, and changes nothing, under a live lease or none",
    async run(t) {
      const key = await saved(t, "stale");
      const old = await take(t, key);
      await apply(t, change(key, { lease: { release: true } }, { expect: { fence: old } }));
      const current = await take(t, key, "two");
      for (const fence of [old, current + 1, 0]) {
        await refuse(t, await saving(key, 1, "x", { expect: { fence } }), "fence_lost");
        for (const [, effects] of writing)
          await refuse(t, change(key, effects, { expect: { fence } }), "fence_lost");
      }
      await apply(t, change(key, { lease: { release: true } }, { expect: { fence: current } }));
      await refuse(t, await saving(key, 1, "x", { expect: { fence: old } }), "fence_lost");
      await apply(t, await saving(key, 1, "v2"));
    },
  },
  {
    name: "a lease that ran out still writes and renews while nobody took over",
    async run(t) {
      const key = await saved(t, "late");
      const fence = await take(t, key, "one", 1);
      await expire(t, 1);
      await apply(t, await saving(key, 1, "v2", { expect: { fence } }));
      await expire(t, 1);
      const { head } = await apply(
        t,
        change(key, { lease: { renew: { ttlSeconds: 1 } } }, { expect: { fence } }),
      );
      t.expect([head.fence, head.lease!.owner]).toEqual([fence, "one"]);
      await refuse(t, change(key, { lease: { take: { owner: "two", ttlSeconds: 9 } } }), "lease_held");
      await expire(t, 1);
      t.expect(await take(t, key, "two")).toBe(fence + 1);
      await refuse(t, await saving(key, 2, "x", { expect: { fence } }), "fence_lost");
      await refuse(t, change(key, { lease: { renew: {} } }, { expect: { fence } }), "fence_lost");
    },
  },
  {
    name: "once a lease ran out anybody writes without a fence, and the holder still may",
    async run(t) {
      const key = await saved(t, "open");
      const fence = await take(t, key, "one", 1);
      await expire(t, 1);
      await apply(t, await saving(key, 1, "v2"));
      await apply(t, await saving(key, 2, "v3", { expect: { fence } }));
    },
  },
  {
    name: "a renewal counts from now, for the time granted or another",
    async run(t) {
      const key = await saved(t, "renewed");
      const fence = await take(t, key, "one", 60);
      const first = Date.parse((await headOf(t.backend, key)).lease!.expiresAt);
      await pass(t, 0.2);
      const renew = (ttlSeconds?: number) =>
        change(key, { lease: { renew: ttlSeconds ? { ttlSeconds } : {} } }, { expect: { fence } });
      const { result } = await apply(t, await renew());
      const second = Date.parse(result.expiresAt!);
      t.expect(second > first && second < first + 30_000).toBe(true);
      const longer = await apply(t, await renew(600));
      t.expect(Date.parse(longer.result.expiresAt!) > second + 500_000).toBe(true);
      t.expect(longer.head.lease!.ttlSeconds).toBe(600);
      const shorter = await apply(t, await renew(5));
      t.expect(Date.parse(shorter.result.expiresAt!) < second).toBe(true);
    },
  },
  {
    name: "a save and a checkpoint by the holder renew its lease, and never shorten it",
    async run(t) {
      const key = await saved(t, "alive");
      const fence = await take(t, key, "one", 60);
      const ends = async () => Date.parse((await headOf(t.backend, key)).lease!.expiresAt);
      const first = await ends();
      await pass(t, 0.2);
      await apply(t, await saving(key, 1, "v2", { expect: { fence } }));
      const second = await ends();
      await pass(t, 0.2);
      await apply(t, change(key, { checkpoint: snapshot() }, { expect: { fence } }));
      const third = await ends();
      await pass(t, 0.2);
      const checkpoint = await dataCheckpoint(key, 2, "data");
      await apply(t, change(key, { checkpoint }, { expect: { fence, version: 2 } }));
      t.expect([second > first, third > second, (await ends()) > third]).toEqual([true, true, true]);
    },
  },
  {
    name: "releasing is idempotent, and the fence stays",
    async run(t) {
      const key = await saved(t, "released");
      const fence = await take(t, key);
      const release = () => change(key, { lease: { release: true } }, { expect: { fence } });
      const { head } = await apply(t, release());
      t.expect([head.lease, head.fence]).toEqual([null, fence]);
      t.expect((await apply(t, release())).head.lease).toBe(null);
      await refuse(t, change(key, { lease: { renew: {} } }, { expect: { fence } }), "fence_lost");
      await apply(t, await saving(key, 1, "anybody"));
      t.expect(await take(t, key, "two")).toBe(fence + 1);
      await refuse(t, release(), "fence_lost");
    },
  },
  {
    name: "force needs no fence, and takes a lease away by raising the fence",
    async run(t) {
      const key = await saved(t, "forced");
      const fence = await take(t, key);
      const force = { expect: { force: true } };
      const { head } = await apply(t, change(key, { status: "cancelled" }, force));
      t.expect([head.lease, head.fence, head.status]).toEqual([null, fence + 1, "cancelled"]);
      await refuse(t, await saving(key, 1, "x", { expect: { fence } }), "fence_lost");
      const calm = await apply(t, change(key, { settings: { kind: "k" } }, force));
      t.expect(calm.head.fence).toBe(fence + 1);
      const other = await saved(t, "forced-state");
      const held = await take(t, other);
      const write = await apply(t, await saving(other, 1, "v2", force));
      t.expect([write.head.lease, write.head.fence, write.result.fence]).toEqual([null, held + 1, held + 1]);
      t.expect(await contentOf(t, other)).toBe("v2");
    },
  },
  {
    name: "a lease ends with its pipeline",
    async run(t) {
      const key = await saved(t, "ended");
      const fence = await take(t, key);
      const { head } = await apply(t, change(key, { status: "completed" }, { expect: { fence } }));
      t.expect([head.lease, head.fence]).toEqual([null, fence]);
    },
  },
  {
    name: "a lease on a finished pipeline is like any other",
    async run(t) {
      const key = await saved(t, "finished");
      await apply(t, change(key, { status: "completed" }));
      const fence = await take(t, key);
      await apply(t, await saving(key, 1, "v2", { expect: { fence } }));
      const { head } = await apply(t, change(key, { lease: { renew: {} } }, { expect: { fence } }));
      t.expect([head.lease!.owner, head.fence, head.status]).toEqual(["one", fence, "completed"]);
      await refuse(t, await saving(key, 2, "x"), "lease_held");
    },
  },
  {
    name: "a fence that is not the newest does not start a deleted pipeline anew",
    async run(t) {
      const key = await saved(t, "grave");
      const fence = await take(t, key);
      await apply(t, change(key, { remove: true }, { expect: { force: true } }));
      const anew = { create: "anew", state: "absent" } as const;
      await refuse(t, await saving(key, 1, "x", { expect: { ...anew, fence } }), "fence_lost");
      await apply(t, await saving(key, 1, "anew", { expect: anew }));
    },
  },
];
