import { describe, expect, test } from "vitest";
import { saving } from "../../src/backends/contract/support.ts";
import { redisKeys } from "../../src/backends/redis/keys.ts";
import type { CairnError } from "../../src/model/errors.ts";
import { send } from "../../src/state/commit.ts";
import { createCore } from "../../src/state/core.ts";
import { failure, KINDS, newKey, open, rig, useRig, versionOf, warm } from "./redis-rig.ts";

useRig();

describe.each(KINDS)("over %s", (kind) => {
  test("an answer that is cut off after the commit leaves the outcome unknown, and it is found by its write id", async () => {
    const [backend, key] = [open(kind), newKey()];
    const commit = await saving(key, 0, "v1");
    await warm(backend);
    rig.relays[kind].mode = "drop";
    expect(await failure(backend.commit([commit]))).toBe("unknown");
    rig.relays[kind].mode = "pass";
    expect(await versionOf(key)).toBe(1);
    const [again] = await backend.commit([commit]);
    expect(again).toMatchObject({ ok: true, replayed: true, result: { version: 1 } });
  });

  test("an answer that never comes is given up, and the next call is not behind it", async () => {
    const [backend, key] = [open(kind), newKey()];
    await warm(backend);
    rig.relays[kind].mode = "stall";
    const started = Date.now();
    expect(await failure(backend.commit([await saving(key, 0, "v1")]))).toBe("unknown");
    expect(Date.now() - started).toBeLessThan(3000);
    rig.relays[kind].mode = "pass";
    expect((await backend.load(key))?.head.version).toBe(1);
  });

  test("sums are added to once, though the answer is cut off", async () => {
    const [backend, key] = [open(kind), { tenant: "t", scope: `outcomes/${kind}` }];
    await backend.add(key, { n: 1 });
    rig.relays[kind].mode = "drop";
    await expect(backend.add(key, { n: 1 })).rejects.toMatchObject({ code: "backend_unavailable" });
    rig.relays[kind].mode = "pass";
    expect(await backend.sums(key)).toEqual({ n: 2 });
  });

  test("sums of a later format are neither read nor added to", async () => {
    const [backend, key] = [open(kind), { tenant: "t", scope: `later/${kind}` }];
    await backend.add(key, { n: 1 });
    await rig.client.hSet(redisKeys("cairn:").sums(key), "format", "2");
    for (const call of [backend.add(key, { n: 1 }), backend.sums(key)])
      await expect(call).rejects.toMatchObject({ code: "unsupported_format" });
    expect(await rig.client.hGet(redisKeys("cairn:").sums(key), "+n")).toBe("1");
  });

  test("the core resolves it: one effect, and the first answer", async () => {
    const [backend, key] = [open(kind), newKey()];
    const core = createCore({ backend });
    await warm(backend);
    rig.relays[kind].mode = "drop";
    const write = send(core, await saving(key, 0, "v1")).then(
      (outcome) => outcome.ok,
      (error: CairnError) => error.code,
    );
    await expect.poll(() => versionOf(key)).toBe(1);
    rig.relays[kind].mode = "pass";
    // While every answer was cut off even reading back failed: that is a 503, never a conflict.
    const said = await write;
    expect([true, "outcome_unknown"]).toContain(said);
    const { head } = (await backend.load(key))!;
    expect([head.version, head.writes.length]).toEqual([1, 1]);
  });

  test("of a batch of which some fail, nobody is told that nothing was made", async () => {
    const [backend, broken, key] = [open(kind), newKey(), newKey()];
    await backend.commit([await saving(broken, 0, "v1")]);
    await rig.client.hSet(redisKeys("cairn:").of(broken).head, "format", "2");
    const bad = await saving(broken, 1, "v2");
    const good = await saving(key, 0, "v1");
    expect(await failure(backend.commit([bad, good]))).toBe("unknown");
    expect(await versionOf(key)).toBe(1);
    expect(await failure(backend.commit([bad, bad]))).toBe("unsupported_format");
  });
});

/** What stands in front of the store may say. */
const bodies = [
  '{"error":"ERR upstream failed"}',
  '{"error":"Internal error"}',
  "<html>Bad Gateway</html>",
  "",
];

test.each(bodies)("a 5xx after the commit leaves the outcome unknown: %s", async (body) => {
  const [backend, key] = [open("upstash"), newKey()];
  const commit = await saving(key, 0, "v1");
  rig.upstash.fault = { status: 502, body };
  expect(await failure(backend.commit([commit]))).toBe("unknown");
  rig.upstash.fault = null;
  const [again] = await backend.commit([commit]);
  expect(again).toMatchObject({ ok: true, replayed: true });
});
