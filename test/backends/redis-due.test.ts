import { beforeEach, describe, expect, test } from "vitest";
import { change, saving } from "../../src/backends/contract/support.ts";
import { redisKeys } from "../../src/backends/redis/keys.ts";
import type { Commit, Effects } from "../../src/backends/types.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { KINDS, newKey, open, rig, useRig } from "./redis-rig.ts";

useRig();

const HOUR = 3600;
let ahead = 0;
let prefixes = 0;
let prefix: string;

beforeEach(() => {
  ahead = 0;
  prefix = `due-${++prefixes}:`;
});

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();

/** Makes as many pipelines, each with these effects. */
async function make(backend: ReturnType<typeof open>, count: number, effects: Effects) {
  const keys = Array.from({ length: count }, newKey);
  const commits: Commit[] = [];
  for (const key of keys) commits.push(await saving(key, 0, "v1", { effects }));
  await backend.commit(commits);
  return keys;
}

/** How often the server has run a command. */
async function calls(command: string): Promise<number> {
  const info = String(await rig.client.sendCommand(["INFO", "commandstats"]));
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
}

function names(keys: readonly PipelineKey[]): string[] {
  return keys.map(({ pipelineId }) => pipelineId).sort();
}

describe.each(KINDS)("over %s", (kind) => {
  const client = () => open(kind, { prefix, ahead: () => ahead * 1000, commandTimeoutSeconds: 10 });

  test("what it costs follows what is due: of 3,000 pipelines 50 heads are read, then none", async () => {
    const backend = client();
    await make(backend, 600, { lease: { take: { owner: "o", ttlSeconds: HOUR } } });
    await make(backend, 600, { lookAt: inSeconds(HOUR) });
    await make(backend, 600, { settings: { recovery: { silenceSeconds: HOUR } } });
    const retention = { deleteAfterSeconds: HOUR };
    await make(backend, 600, { settings: { retention }, status: "completed" });
    await make(backend, 550, {});
    const late = await make(backend, 50, { lookAt: inSeconds(-1) });
    const before = await calls("hgetall");
    const due = await backend.due(1000);
    expect([names(due.map(({ key }) => key)), (await calls("hgetall")) - before]).toEqual([names(late), 50]);
    expect([await backend.due(1000), (await calls("hgetall")) - before]).toEqual([[], 50]);
    expect(await rig.client.zCard(redisKeys(prefix).due)).toBe(2450);
  }, 120_000);

  test("8 sweeps at once get each pipeline once", async () => {
    const sweeps = Array.from({ length: 8 }, client);
    const late = await make(sweeps[0]!, 200, { lookAt: inSeconds(-1) });
    const lists = await Promise.all([...sweeps, ...sweeps].map((sweep) => sweep.due(30)));
    expect(names(lists.flat().map(({ key }) => key))).toEqual(names(late));
  }, 60_000);

  test("a claim lasts a minute, through commits that leave the time as it is, and ends with one that does not", async () => {
    const backend = client();
    const [key] = await make(backend, 1, { lookAt: inSeconds(-1) });
    const listed = async () => (await backend.due(10)).length;
    expect([await listed(), await listed()]).toEqual([1, 0]);
    await backend.commit([await saving(key!, 1, "v2")]);
    await backend.commit([change(key!, { lease: { take: { owner: "o", ttlSeconds: 60 } } })]);
    await backend.commit([change(key!, { lease: { renew: {} } }, { expect: { fence: 1 } })]);
    ahead = 55;
    expect(await listed()).toBe(0);
    ahead = 65;
    expect([await listed(), await listed()]).toEqual([1, 0]);
    const again = change(key!, { lookAt: inSeconds(-2) }, { expect: { fence: 1 } });
    await backend.commit([again]);
    expect([await listed(), await listed()]).toEqual([1, 0]);
  });

  test("the time moves with saves and settings, to the part of a millisecond", async () => {
    const backend = client();
    const [key] = await make(backend, 1, { settings: { recovery: { silenceSeconds: 0.0015 } } });
    const score = () => rig.client.zScore(redisKeys(prefix).due, `${key!.tenant}:${key!.pipelineId}`);
    const change1 = async (effects: Effects) => {
      const [outcome] = await backend.commit([change(key!, effects, { expect: { create: "anew" } })]);
      return Date.parse(outcome!.head!.updatedAt);
    };
    const [saved] = await backend.commit([await saving(key!, 1, "v2")]);
    expect(await score()).toBe(Date.parse(saved!.head!.updatedAt) + 2);
    const at = await change1({ settings: { recovery: { silenceSeconds: 7 } } });
    expect(await score()).toBe(at + 7000);
    await change1({ settings: { recovery: {} } });
    expect(await score()).toBe(null);
    const retention = { deleteAfterSeconds: 9 };
    const done = await change1({ settings: { retention }, status: "failed" });
    expect(await score()).toBe(done + 9000);
    await change1({ lookAt: new Date(done + 10).toISOString() });
    expect(await score()).toBe(done + 10);
    await change1({ remove: true });
    expect(await score()).toBe(null);
    await change1({ settings: { kind: "anew" } });
    expect(await score()).toBe(null);
    const { head } = (await backend.load(key!))!;
    expect([head.lookAt, head.recovery, head.care.resumes]).toEqual([null, {}, 0]);
  });

  test("what is no time is refused before anything is sent", async () => {
    const backend = client();
    const [key] = await make(backend, 1, {});
    const commit = change(key!, { lookAt: "soon" });
    await expect(backend.commit([commit])).rejects.toThrow(RangeError);
    expect((await backend.load(key!))!.head.revision).toBe(1);
  });
});
