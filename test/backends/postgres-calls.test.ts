import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { change, extending, noise, saving, snapshot } from "../../src/backends/contract/support.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import type { Row, Runner } from "../../src/backends/postgres/runner.ts";
import type { Commit, StorageBackend } from "../../src/backends/types.ts";
import { decodeFrame } from "../../src/frames/frame.ts";
import { linksOf } from "../../src/model/chain.ts";
import type { Head } from "../../src/model/head.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { inParts } from "./postgres-parts.ts";
import { type Rig, startRig } from "./postgres-rig.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
}, 60_000);

afterAll(() => rig?.stop());

/** What a state is after so many deltas. */
const grown = (deltas: number) => noise(1000 + deltas * 20);

/** A pipeline whose state takes a full frame and 100 deltas. */
async function chainOf100(backend: StorageBackend): Promise<[PipelineKey, Head]> {
  const key = rig.newKey();
  let [outcome] = await backend.commit([await saving(key, 0, grown(0))]);
  for (let i = 1; i <= 100; i++)
    [outcome] = await backend.commit([await extending(key, outcome!.head!, grown(i - 1), grown(i))]);
  expect(linksOf(outcome!.head!.state!.frame)).toHaveLength(101);
  return [key, outcome!.head!];
}

describe("round trips and batches", () => {
  test("a warm save, checkpoint, heartbeat and load are one round trip on the wire", async () => {
    const counted = [
      [rig.relayed(), () => rig.relay.exchanges],
      [rig.overNeon(), () => rig.neon.requests()],
    ] as const;
    for (const [backend, count] of counted) {
      const key = rig.newKey();
      await backend.commit([await saving(key, 0, "v1")]);
      await backend.commit([change(key, { lease: { take: { owner: "o", ttlSeconds: 60 } } })]);
      const held = { expect: { fence: 1 } };
      const sums = { tenant: "t", scope: "metrics" };
      const [chain, head] = await chainOf100(backend);
      const delta = await extending(chain, head, grown(100), grown(101));
      const draft = snapshot();
      await backend.commit([change(chain, { checkpoint: draft })]);
      const { staged, commit: large } = await inParts(key, 2, [noise(5000, 5), noise(70_000, 7)], held);
      const calls: [string, () => Promise<unknown>][] = [
        ["save", async () => backend.commit([await saving(key, 1, noise(2048), held)])],
        ["checkpoint", () => backend.commit([change(key, { checkpoint: snapshot() }, held)])],
        ["heartbeat", () => backend.commit([change(key, { lease: { renew: {} } }, held)])],
        ["load", () => backend.load(key, { frames: true })],
        ["save of a delta", () => backend.commit([delta])],
        ["load of a chain", () => backend.load(chain, { frames: true })],
        ["load of a checkpoint", () => backend.loadCheckpoint!(chain, draft.checkpointId)],
        ["load of no checkpoint", () => backend.loadCheckpoint!(chain, snapshot().checkpointId)],
        ["stage", () => backend.stage(key, staged)],
        ["save of what was staged", () => backend.commit([large])],
        ["checkpoints", () => backend.checkpoints(key, { limit: 5 })],
        ["pipelines", () => backend.pipelines("t", {}, { limit: 5 })],
        ["events", () => backend.events(key, { limit: 5 })],
        ["due", () => backend.due(5)],
        ["collect", () => backend.collect(key, 0)],
        ["add", () => backend.add(sums, { n: 1, m: 0.5 })],
        ["sums", () => backend.sums(sums)],
        ["clear sums", () => backend.clearSums(sums)],
      ];
      for (const [name, call] of calls) {
        const before = count();
        await call();
        expect([name, count() - before]).toEqual([name, 1]);
      }
      await backend.close();
    }
  });

  test("a checkpoint brings the frames that it names alone; those too large for one answer come in parts", async () => {
    const [key, before] = await chainOf100(rig.direct);
    const draft = snapshot();
    const [marked] = await rig.direct.commit([change(key, { checkpoint: draft })]);
    const after = new Uint8Array([...grown(100), ...noise(50_000, 5)]);
    await rig.direct.commit([await extending(key, marked!.head!, grown(100), after)]);
    const links = linksOf(before.state!.frame);
    const bytes = links.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    for (const [maxFrameBytes, rows] of [
      [bytes, [1 + links.length]],
      [bytes - 1, [1, links.length - 1, 1]],
    ] as const) {
      const answers: Row[][] = [];
      const query: Runner["query"] = async (sql, params) => {
        answers.push(await rig.admin.query(sql, params));
        return answers.at(-1)!;
      };
      const backend = postgresBackend({ runner: { ...rig.admin, maxFrameBytes, query } });
      const { record, frames } = (await backend.loadCheckpoint!(key, draft.checkpointId))!;
      expect(answers.map((answer) => answer.length)).toEqual(rows);
      const decoded = await decodeFrame(key, record, frames);
      expect(decoded.ok && Buffer.compare(decoded.content, grown(100))).toBe(0);
    }
  });

  test("batches that overlap in any order never wait for one another in a circle", async () => {
    const keys = Array.from({ length: 8 }, rig.newKey);
    const batch = (seed: number) =>
      [...noise(12, seed + 1)].map((byte, i) => {
        const effects = i % 2 ? { settings: { kind: `k${i}` } } : { events: [{ type: "leased" as const }] };
        return change(keys[byte % 8]!, effects, { expect: { create: "allowed" }, writeId: `${seed}-${i}` });
      });
    const batches = Array.from({ length: 60 }, (_, seed) => batch(seed));
    const clients = [rig.relayed(), rig.relayed()];
    const all = await Promise.all(batches.map((commits, i) => clients[i % 2]!.commit(commits)));
    for (const [i, outcomes] of all.entries()) {
      expect(outcomes.map((outcome) => outcome.ok)).toEqual(batches[i]!.map(() => true));
      expect(outcomes.map((outcome) => outcome.head!.pipelineId)).toEqual(
        batches[i]!.map((commit) => commit.key.pipelineId),
      );
    }
    const revisions = await Promise.all(keys.map(async (key) => (await rig.direct.load(key))!.head.revision));
    expect(revisions.reduce((a, b) => a + b)).toBe(60 * 12);
    for (const client of clients) await client.close();
  });

  test("a pipeline that a refused commit would have made leaves no trace", async () => {
    const key = rig.newKey();
    const outcomes = await rig.direct.commit([await saving(key, 3, "x"), change(key, { status: "failed" })]);
    expect(outcomes).toEqual([
      { ok: false, refusal: "version_mismatch", head: null },
      { ok: false, refusal: "not_found", head: null },
    ]);
    const rows = await rig.admin.query("SELECT id::text FROM cairn.pipelines WHERE pipeline_id = $1", [
      key.pipelineId,
    ]);
    expect(rows).toEqual([]);
  });

  test("ids that Postgres cannot hold are those of nothing", async () => {
    const key = rig.newKey();
    await rig.direct.commit([await saving(key, 0, "x")]);
    expect(await rig.direct.checkpoint(key, "\u0000\ud800")).toBe(null);
    const drop = new Map([["\u0000", "drop" as const]]);
    const [outcome] = await rig.direct.commit([change(key, { checkpoints: drop })]);
    expect(outcome).toMatchObject({ ok: false, refusal: "checkpoint_not_found" });
  });
});

describe("due", () => {
  test("of 600 late leases, four sweeps at once list each once; after a minute they come up again", async () => {
    const keys = Array.from({ length: 600 }, rig.newKey);
    const take = { lease: { take: { owner: "o", ttlSeconds: 60 } } };
    await rig.direct.commit(keys.map((key) => change(key, take, { expect: { create: "allowed" } })));
    const back = (seconds: number) =>
      rig.admin.query(
        `UPDATE cairn.pipelines SET due_at = due_at - ${seconds} * interval '1 second',
        lease_expires = lease_expires - ${seconds} * interval '1 second' WHERE due_at IS NOT NULL`,
        [],
      );
    const wanted = keys.map((key) => key.pipelineId).sort();
    const sweepers = [rig.relayed(), rig.relayed(), rig.relayed(), rig.overNeon()];
    const sweep = async () => {
      const found = await Promise.all(
        sweepers.map(async (sweeper) => {
          const all: string[] = [];
          for (let due = await sweeper.due(50); due.length > 0; due = await sweeper.due(50))
            all.push(...due.map(({ key }) => key.pipelineId));
          return all;
        }),
      );
      return found
        .flat()
        .filter((id) => wanted.includes(id))
        .sort();
    };
    expect(await sweep()).toEqual([]);
    await back(61);
    expect(await sweep()).toEqual(wanted);
    await back(50);
    expect(await sweep()).toEqual([]);
    await back(11);
    expect(await sweep()).toEqual(wanted);
    for (const sweeper of sweepers) await sweeper.close();
  });
});

describe("large states", () => {
  test.each(["TCP", "Neon"])(
    "20 MB are saved and loaded over %s",
    async (transport) => {
      const backend = transport === "TCP" ? rig.relayed() : rig.overNeon();
      const key = rig.newKey();
      const content = noise(20_000_000);
      const checkpoint = snapshot();
      const commit = await saving(key, 0, content, { effects: { checkpoint } });
      const [outcome] = await backend.commit([commit]);
      expect(outcome!.ok).toBe(true);
      const { head, frames } = (await backend.load(key, { frames: true }))!;
      expect(Buffer.compare(frames[0]!, content)).toBe(0);
      const [bytes] = await backend.frames(key, [head.state!.frame]);
      expect(Buffer.compare(bytes!, content)).toBe(0);
      await backend.close();
    },
    60_000,
  );

  test("a batch of frames too large for one call takes several, in order", async () => {
    let calls = 0;
    const query: Runner["query"] = (sql, params) => {
      calls++;
      return rig.admin.query(sql, params);
    };
    const backend = postgresBackend({ runner: { ...rig.admin, maxFrameBytes: 100_000, query } });
    const key = rig.newKey();
    const commits: Commit[] = [];
    for (let version = 0; version < 6; version++)
      commits.push(await saving(key, version, noise(40_000, version)));
    const outcomes = await backend.commit(commits);
    expect(outcomes.map((outcome) => outcome.ok && outcome.result.version)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(calls).toBeGreaterThan(1);
    expect((await rig.direct.load(key))!.head.version).toBe(6);
  });
});
