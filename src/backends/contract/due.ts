import type { PipelineKey } from "../../model/ids.ts";
import {
  apply,
  type Check,
  type Context,
  change,
  expire,
  headOf,
  outcomeOf,
  pass,
  saved,
  saving,
  take,
} from "./support.ts";

const MANY = 10_000;
/** The sweep runs every minute: a store may find out this much later. */
const LATE_SECONDS = 60;

/** As many seconds as make a difference to a late store; where the checks wait in real time: none. */
function lateness(t: Context): number {
  return t.advance ? LATE_SECONDS : 0;
}

/** Which of this tenant's pipelines are due now. */
async function dueNow(t: Context): Promise<string[]> {
  const found = (await t.backend.due(MANY)).filter(({ key }) => key.tenant === t.tenant);
  for (const { key, head } of found) {
    t.expect([head.tenant, head.pipelineId]).toEqual([key.tenant, key.pipelineId]);
    t.expect(head).toEqual(await headOf(t.backend, key));
  }
  const ids = found.map(({ key }) => key.pipelineId);
  t.expect(new Set(ids).size, "a pipeline is listed twice").toBe(ids.length);
  return ids.sort();
}

/** These and no others are found to be due, sooner or a little later. */
async function becomeDue(t: Context, ...expected: string[]): Promise<void> {
  const found = new Set(await dueNow(t));
  for (let waited = 0; waited < LATE_SECONDS && found.size < expected.length; waited += 5) {
    await pass(t, 5);
    for (const id of await dueNow(t)) found.add(id);
  }
  t.expect([...found].sort()).toEqual(expected);
}

async function leased(t: Context, pipelineId: string): Promise<{ key: PipelineKey; fence: number }> {
  const key = await saved(t, pipelineId);
  return { key, fence: await take(t, key, "one", 1) };
}

/** The store's time in so many seconds, as it stands in records. */
async function inSeconds(t: Context, seconds: number): Promise<string> {
  const { result } = await apply(
    t,
    await saving({ tenant: t.tenant, pipelineId: `clock-${seconds}` }, 0, "x"),
  );
  return new Date(Date.parse(result.at) + seconds * 1000).toISOString();
}

/** Whose time has come is found; who waits for nothing, or later, never is. */
export const dueChecks: Check[] = [
  {
    name: "due: running pipelines whose lease ran out, and no others",
    async run(t) {
      const [late, renewed, released, done, deleted, busy, broken, forced] = [
        await leased(t, "late"),
        await leased(t, "renewed"),
        await leased(t, "released"),
        await leased(t, "done"),
        await leased(t, "deleted"),
        await leased(t, "saving"),
        await leased(t, "interrupted"),
        await leased(t, "forced"),
      ] as const;
      await saved(t, "never-leased");
      t.expect(await dueNow(t)).toEqual([]);
      const held = (fence: number) => ({ expect: { fence } });
      await apply(t, change(renewed.key, { lease: { renew: { ttlSeconds: 600 } } }, held(renewed.fence)));
      await apply(t, change(released.key, { lease: { release: true } }, held(released.fence)));
      await apply(t, change(done.key, { status: "completed" }, held(done.fence)));
      await apply(t, change(deleted.key, { remove: true }, held(deleted.fence)));
      await apply(t, change(broken.key, { status: "interrupted" }, held(broken.fence)));
      await apply(t, change(forced.key, { settings: {} }, { expect: { force: true } }));
      await apply(t, change(busy.key, { lease: { renew: { ttlSeconds: 600 } } }, held(busy.fence)));
      await apply(t, await saving(busy.key, 1, "v2", held(busy.fence)));
      await expire(t, 1);
      await becomeDue(t, "late");
      t.expect((await headOf(t.backend, late.key)).fence).toBe(late.fence);
    },
  },
  {
    name: "due: a lease that was renewed and then ran out, and one that was taken over and ran out",
    async run(t) {
      const [renewed, taken] = [await leased(t, "renewed"), await leased(t, "taken")] as const;
      const renew = { lease: { renew: { ttlSeconds: 3 } } };
      await apply(t, change(renewed.key, renew, { expect: { fence: renewed.fence } }));
      await take(t, taken.key, "one", 4);
      await expire(t, 1);
      t.expect(await dueNow(t)).toEqual([]);
      await expire(t, 3);
      await becomeDue(t, "renewed", "taken");
    },
  },
  {
    name: "due: a resumed pipeline whose lease runs out again is found again",
    async run(t) {
      const { key, fence } = await leased(t, "again");
      await expire(t, 1);
      await becomeDue(t, "again");
      await apply(t, change(key, { status: "interrupted" }, { expect: { fence } }));
      t.expect(await dueNow(t)).toEqual([]);
      const lease = { take: { owner: "two", ttlSeconds: 1 } };
      await apply(t, change(key, { resumed: true, lease }));
      t.expect(await dueNow(t)).toEqual([]);
      await expire(t, 1);
      await becomeDue(t, "again");
    },
  },
  {
    name: "due: a holder that saves after its lease ran out is alive, until it runs out again",
    async run(t) {
      const { key, fence } = await leased(t, "slow");
      await expire(t, 1);
      await apply(t, await saving(key, 1, "v2", { expect: { fence } }));
      t.expect(await dueNow(t)).toEqual([]);
      await expire(t, 1);
      await becomeDue(t, "slow");
    },
  },
  {
    name: "due: an interrupted pipeline whose holder goes on after all is watched again",
    async run(t) {
      const { key, fence } = await leased(t, "back");
      await expire(t, 1);
      await becomeDue(t, "back");
      await apply(t, change(key, { status: "interrupted" }, { expect: { fence } }));
      await pass(t, lateness(t));
      t.expect(await dueNow(t)).toEqual([]);
      const { head } = await apply(t, await saving(key, 1, "v2", { expect: { fence } }));
      t.expect([head.status, head.fence]).toEqual(["running", fence]);
      await expire(t, 1);
      await becomeDue(t, "back");
    },
  },
  {
    name: "due: a lease that is renewed for less time is due earlier",
    async run(t) {
      const key = await saved(t, "shorter");
      const fence = await take(t, key, "one", 3600);
      await apply(t, change(key, { lease: { renew: { ttlSeconds: 1 } } }, { expect: { fence } }));
      await expire(t, 1);
      await becomeDue(t, "shorter");
    },
  },
  {
    name: "due: a lease that many wanted is due once",
    async run(t) {
      const other = (await t.reopen?.()) ?? t.backend;
      const key = await saved(t, "wanted");
      // Each client has seen the head, and may remember it.
      for (const client of [t.backend, other])
        await apply(t, change(key, { settings: { kind: "wanted" } }), client);
      const lease = (owner: string, ttlSeconds: number) =>
        change(key, { lease: { take: { owner, ttlSeconds } } });
      await apply(t, lease("one", 1), other);
      await outcomeOf(t.backend, lease("two", 1 + lateness(t)));
      await expire(t, 1 + 2 * lateness(t));
      t.expect(await dueNow(t)).toEqual(["wanted"]);
      if (other !== t.backend) await other.close();
    },
  },
  {
    name: "due: whoever is to be looked at, whatever its status, once its time has come",
    async run(t) {
      const past = await inSeconds(t, -1);
      const [later, soon] = [await inSeconds(t, 3600), await inSeconds(t, 4)];
      const look = async (pipelineId: string, lookAt: string | null, effects: object = {}) =>
        apply(t, change(await saved(t, pipelineId), { lookAt, ...effects }));
      await look("past", past);
      await look("interrupted", past, { status: "interrupted" });
      await look("finished", past, { status: "completed" });
      await look("soon", soon);
      await look("later", later);
      await look("never", null);
      await look("cleared", past);
      await apply(t, change({ tenant: t.tenant, pipelineId: "cleared" }, { lookAt: null }));
      await look("deleted", past);
      await apply(t, change({ tenant: t.tenant, pipelineId: "deleted" }, { remove: true }));
      await becomeDue(t, "finished", "interrupted", "past");
      await pass(t, 5);
      const key = { tenant: t.tenant, pipelineId: "past" };
      const { head } = await apply(t, change(key, { lookAt: later }));
      t.expect(head.lookAt).toBe(later);
      await becomeDue(t, "soon");
    },
  },
  {
    name: "due: a pipeline without a lease that has been silent too long, if it asks for that",
    async run(t) {
      const settings = { recovery: { silenceSeconds: 3 } };
      const names = ["silent", "saving", "leased", "finished"];
      for (const id of names) await apply(t, change(await saved(t, id), { settings }));
      await saved(t, "unwatched");
      const key = (pipelineId: string) => ({ tenant: t.tenant, pipelineId });
      await take(t, key("leased"), "one", 3600);
      await apply(t, change(key("finished"), { status: "completed" }));
      await pass(t, 2);
      t.expect(await dueNow(t)).toEqual([]);
      await apply(t, await saving(key("saving"), 1, "v2"));
      await pass(t, 2);
      await becomeDue(t, "silent");
    },
  },
  {
    name: "due: a finished pipeline that is to be deleted after a while",
    async run(t) {
      const settings = { retention: { deleteAfterSeconds: 2 } };
      for (const id of ["ended", "running", "kept"]) await saved(t, id);
      const key = (pipelineId: string) => ({ tenant: t.tenant, pipelineId });
      await apply(t, change(key("running"), { settings }));
      await apply(t, change(key("ended"), { settings, status: "failed" }));
      await apply(t, change(key("kept"), { status: "failed" }));
      t.expect(await dueNow(t)).toEqual([]);
      await pass(t, 3);
      await becomeDue(t, "ended");
    },
  },
  {
    name: "due: what recovery remembers is kept as it is given, and replaced as a whole",
    async run(t) {
      const key = await saved(t, "care");
      const wake = { at: "2026-11-23T08:00:00.000Z", fence: 2, tries: 3, state: "waiting" as const };
      const first = { resumes: 2, version: 1, wake };
      await apply(t, change(key, { care: first }));
      t.expect((await headOf(t.backend, key)).care).toEqual(first);
      await apply(t, await saving(key, 1, "v2"));
      t.expect((await headOf(t.backend, key)).care).toEqual(first);
      await apply(t, change(key, { care: { resumes: 0, version: 2, wake: null } }));
      t.expect((await headOf(t.backend, key)).care).toEqual({ resumes: 0, version: 2, wake: null });
    },
  },
  {
    name: "due: who is listed is claimed for a minute, and no two callers get the same",
    async run(t) {
      const other = (await t.reopen?.()) ?? t.backend;
      const past = await inSeconds(t, -90);
      const ids = Array.from({ length: 20 }, (_, i) => `claim-${String(i).padStart(2, "0")}`);
      for (const id of ids) await apply(t, change(await saved(t, id), { lookAt: past }));
      const lists = await Promise.all([t.backend, other, t.backend, other].map((client) => client.due(MANY)));
      const own = lists
        .flat()
        .filter(({ key }) => key.tenant === t.tenant && key.pipelineId.startsWith("claim-"));
      const found = own.map(({ key }) => key.pipelineId).sort();
      t.expect([...new Set(found)]).toEqual(ids);
      if (t.exclusiveClaims !== false) t.expect(found).toEqual(ids);
      if (other !== t.backend) await other.close();
    },
  },
  {
    name: "due: never more than the limit, and the rest is not lost",
    async run(t) {
      const ids = Array.from({ length: 7 }, (_, i) => `p${i}`);
      for (const id of ids) await leased(t, id);
      await expire(t, 1);
      const handled = new Set<string>();
      // In a store that is shared others may stand before them for good: then more are asked for.
      for (let sweep = 0, limit = 3; sweep < 50 && handled.size < ids.length; sweep++) {
        const due = await t.backend.due(limit);
        t.expect(due.length <= limit).toBe(true);
        const own = due.filter(({ key }) => key.tenant === t.tenant);
        for (const { key, head } of own) {
          handled.add(key.pipelineId);
          await apply(t, change(key, { status: "interrupted" }, { expect: { fence: head.fence } }));
        }
        if (due.length === 0) await pass(t, 5);
        else if (own.length === 0) limit *= 2;
      }
      t.expect([...handled].sort()).toEqual(ids);
    },
  },
];
