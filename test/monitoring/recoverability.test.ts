import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { recoveryTook } from "../../src/checkpointing/profile.ts";
import { recoverability, recoverabilityOf } from "../../src/monitoring/recoverability.ts";
import { createCore } from "../../src/state/core.ts";
import { profileKey } from "../../src/state/kinds.ts";
import { updatePipeline } from "../../src/state/pipelines.ts";
import { service } from "../recovery/sweep/bench.ts";

test("what would be lost is the work since the last save, or since the machine took it up", async () => {
  const s = service();
  await s.put("a", {});
  const rpo = async (id = "a") => recoverability(await s.head(id), {}, s.now()).rpoSeconds;
  s.pass(40);
  expect(await rpo()).toBe(40);
  await s.save("a");
  expect(await rpo()).toBe(0);
  s.pass(7);
  expect(await rpo()).toBe(7);
  await s.lease("a");
  s.pass(31);
  await s.sweep();
  expect(await rpo()).toBe(0);
});

test("nothing is lost of one that ended, and the recovery point's own mark is told", async () => {
  const s = service();
  await s.save("a");
  s.pass(90);
  await updatePipeline(s.core, s.key("a"), { status: "completed" }, {});
  const head = await s.head("a");
  expect(recoverability(head, {}, s.now())).toEqual({ rpoSeconds: 0, verified: true, rtoSeconds: null });
  const unread = { ...head, state: { ...head.state!, verified: false } };
  expect(recoverability(unread, {}, s.now()).verified).toBe(false);
});

test("the time to resume is the kind's measured mean", async () => {
  const s = service(() => memoryBackend());
  await s.save("a");
  const rto = async () => (await recoverabilityOf(createCore(s), s.key("a"))).rtoSeconds;
  expect(await rto()).toBe(null);
  await s.backend.add(profileKey("acme", "default"), recoveryTook(2));
  await s.backend.add(profileKey("acme", "default"), recoveryTook(4));
  expect(await rto()).toBe(3);
});
