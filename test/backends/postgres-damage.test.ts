import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { change, saving } from "../../src/backends/contract/support.ts";
import { type Rig, startRig } from "./postgres-rig.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
}, 60_000);

afterAll(() => rig?.stop());
afterEach(() => vi.restoreAllMocks());

const OF_BAD = "SELECT id FROM cairn.pipelines WHERE tenant = $1 AND pipeline_id = 'bad'";

const DAMAGE: Record<string, string> = {
  "settings that are no JSON": `UPDATE cairn.pipelines SET settings = '{"kind": "{"}' WHERE id = (${OF_BAD})`,
  "settings that are no object": `UPDATE cairn.pipelines SET settings = 'null' WHERE id = (${OF_BAD})`,
  "a write id that is no JSON": `UPDATE cairn.writes SET write_id = '{' || revision WHERE pipeline = (${OF_BAD})`,
  "an owner that is no JSON": `UPDATE cairn.pipelines SET lease_owner = '{' WHERE id = (${OF_BAD})`,
  "an owner with half a character": `UPDATE cairn.pipelines SET lease_owner = '"\\uZZ"' WHERE id = (${OF_BAD})`,
};

describe.each(Object.entries(DAMAGE))("%s", (name, sql) => {
  test("is left out of lists and of the sweep, reported, and unrecoverable by itself", async () => {
    const tenant = `damage, ${name}`;
    const ids = ["a", "bad", "c"];
    for (const pipelineId of ids) {
      const lease = { take: { owner: "o", ttlSeconds: 1 } };
      await rig.direct.commit([await saving({ tenant, pipelineId }, 0, "v1")]);
      await rig.direct.commit([change({ tenant, pipelineId }, { lease })]);
    }
    await rig.admin.query(sql, [tenant]);
    const told = vi.spyOn(console, "error").mockImplementation(() => {});
    const { data, cursor } = await rig.direct.pipelines(tenant, {}, { limit: 2 });
    const rest = await rig.direct.pipelines(tenant, {}, { limit: 2, cursor: cursor! });
    expect([data, rest.data].map((page) => page.map((head) => head.pipelineId))).toEqual([["a"], ["c"]]);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const due = (await rig.direct.due(100)).filter(({ key }) => key.tenant === tenant);
    expect(due.map(({ key }) => key.pipelineId).sort()).toEqual(["a", "c"]);
    expect(told.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
      { event: "unreadable_record", tenant, pipelineId: "bad", code: "unrecoverable" },
      { event: "unreadable_record", tenant, pipelineId: "bad", code: "unrecoverable" },
    ]);
    const bad = { tenant, pipelineId: "bad" };
    await expect(rig.direct.load(bad)).rejects.toMatchObject({ code: "unrecoverable", status: 409 });
    const gone = await rig.direct.commit([change(bad, { remove: true }, { expect: { force: true } })]);
    expect(gone[0]!.ok).toBe(true);
    expect((await rig.direct.load(bad))!.head.deleted).toBe(true);
  });
});

test("a commit that Postgres rolled back for damage is refused; one that landed is unknown", async () => {
  const tenant = "damage";
  const bad = { tenant, pipelineId: "bad" };
  await rig.direct.commit([await saving(bad, 0, "v1")]);
  await rig.admin.query(DAMAGE["an owner that is no JSON"]!.replace("SET", "SET lease_expires = now(),"), [
    tenant,
  ]);
  const refused = rig.direct.commit([change(bad, { settings: { labels: {} } })]);
  await expect(refused).rejects.toMatchObject({ code: "unrecoverable" });
  await rig.admin.query(`UPDATE cairn.pipelines SET lease_expires = NULL WHERE id = (${OF_BAD})`, [tenant]);
  await rig.admin.query(DAMAGE["settings that are no JSON"]!, [tenant]);
  const landed = rig.direct.commit([change(bad, { settings: { labels: {} } })]);
  await expect(landed).rejects.toMatchObject({ name: "OutcomeUnknown" });
});

test("a checkpoint that cannot be read is unrecoverable", async () => {
  const key = { tenant: "damage of others", pipelineId: "bad" };
  await rig.direct.commit([await saving(key, 0, "v1")]);
  const sql = `INSERT INTO cairn.checkpoints SELECT id, 1, 1, 'c', 1, now(), 'state', '{', NULL, NULL, '{}',
    true, NULL, 'f', '{}' FROM (${OF_BAD}) AS bad`;
  await rig.admin.query(sql, [key.tenant]);
  const damaged = { code: "unrecoverable" };
  await expect(rig.direct.checkpoints(key, { limit: 1 })).rejects.toMatchObject(damaged);
  await expect(rig.direct.checkpoint(key, "c")).rejects.toMatchObject(damaged);
});
