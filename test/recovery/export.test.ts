import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import type { PipelineKey } from "../../src/model/ids.ts";
import { exportPipeline } from "../../src/recovery/export/export.ts";
import type { ExportedCheckpoint } from "../../src/recovery/export/format.ts";
import { importPipeline } from "../../src/recovery/export/import.ts";
import { openExport } from "../../src/recovery/export/open.ts";
import { rollback } from "../../src/recovery/rollback.ts";
import { createCheckpoint, listCheckpoints } from "../../src/state/checkpoints.ts";
import { type Core, createCore } from "../../src/state/core.ts";
import { deletePipeline, listEvents, registerPipeline, updatePipeline } from "../../src/state/pipelines.ts";
import { bench, KEY, save } from "../state/core.ts";
import { pythonOf, runPython } from "../support/python.ts";
import { ALL, checkpointText, encrypted, saved, savedInParts, stateOf } from "./copies.ts";

const INTO: PipelineKey = { tenant: "elsewhere", pipelineId: "copy" };
const LONG = Array.from({ length: 200 }, (_, i) => i ** 7).join();
const PARTS = ["first part, ", "second, ", "third"];

async function exported(core: Core, key = KEY): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of exportPipeline(core, key)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const blob = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]);

const SETTINGS = {
  kind: "etl",
  labels: { team: "search" },
  policy: { strategy: "time" as const, maxIntervalSeconds: 60 },
  retention: { keepLast: 50 },
  recovery: { auto: true, webhookUrl: "https://example.com/hook" },
  tasks: [{ name: "train", seconds: 10 }],
  merge: { "/n": "sum" as const },
};

/** A pipeline with one of everything. */
async function rich(core: Core): Promise<void> {
  const caller = {};
  await registerPipeline(core, KEY, SETTINGS, caller);
  const data = { content: new Uint8Array([0, 10, 255]), contentType: "application/octet-stream" };
  await createCheckpoint(core, KEY, { caller, data, label: "before" });
  const first = await saved(core, KEY, `${LONG}1`);
  await saved(core, KEY, `${LONG}2`);
  await createCheckpoint(core, KEY, { caller, label: "again", metadata: { a: [1] }, reason: "why not" });
  await savedInParts(core, KEY, PARTS);
  await createCheckpoint(core, KEY, {
    caller,
    data: { content: new Uint8Array(), contentType: "text/plain" },
  });
  await rollback(core, KEY, { checkpointId: first }, caller);
  await saved(core, KEY, `${LONG}3`);
  await saved(core, KEY, `${LONG}1`);
  await save(core, "the state");
  await updatePipeline(core, KEY, { status: "completed" }, caller);
}

/** What an import must keep. */
async function essence(core: Core, key: PipelineKey) {
  const { data } = await listCheckpoints(core, key, ALL);
  const { head } = (await core.backend.load(key))!;
  const checkpoints = [];
  for (const { checkpointId, source, label, metadata, reason, contentType } of data) {
    const text = await checkpointText(core, key, checkpointId);
    checkpoints.push({ checkpointId, source, label, metadata, reason, contentType, text });
  }
  const { kind, labels, policy, retention, recovery, tasks, merge, status } = head;
  const settings = { kind, labels, policy, retention, recovery, tasks, merge };
  return { checkpoints, settings, status, state: head.state && (await stateOf(core, key)) };
}

describe("an export", () => {
  test("becomes the same pipeline elsewhere, under other keys, with deltas again", async () => {
    const source = createCore({ backend: memoryBackend(), frames: encrypted("old", 1) });
    await rich(source);
    const file = await exported(source);
    const target = createCore({ backend: memoryBackend(), frames: encrypted("new", 2) });
    const { pipeline, leftOut } = await importPipeline(target, INTO, blob(file));
    expect(leftOut).toEqual([]);
    expect(pipeline).toMatchObject({ ...SETTINGS, pipelineId: "copy", status: "completed", version: 6 });
    const fresh = createCore({ backend: target.backend, frames: encrypted("new", 2) });
    expect(await essence(fresh, INTO)).toEqual(await essence(source, KEY));
    const records = (await target.backend.checkpoints(INTO, ALL)).data;
    expect(records.every(({ verified }) => verified)).toBe(true);
    expect(records.some(({ frame }) => frame.chain)).toBe(true);
    expect(records.filter(({ frame }) => frame.parts)).toHaveLength(1);
    const events = (await listEvents(target, INTO, ALL)).data.map(({ type, detail }) => [type, detail]);
    expect(events.slice(0, 2)).toEqual([
      ["completed", undefined],
      ["imported", "from nightly at version 7"],
    ]);
    expect(events.at(-1)).toEqual(["created", undefined]);
  });

  test("has each content once, and is the same file again", async () => {
    const { core } = bench();
    await rich(core);
    const file = await exported(core);
    expect(await exported(core)).toEqual(file);
    expect(file.toString("latin1").split(`${LONG}1`)).toHaveLength(2);
    const { manifest, contents } = await openExport(blob(file));
    expect(manifest.checkpoints).toHaveLength(8);
    expect(contents.size).toBe(7);
  });

  test("of a pipeline without state or checkpoints is one of its settings", async () => {
    const { core } = bench();
    await expect(exported(core)).rejects.toMatchObject({ code: "not_found" });
    await registerPipeline(core, KEY, SETTINGS, {});
    const { pipeline } = await importPipeline(core, INTO, blob(await exported(core)));
    expect(pipeline).toMatchObject({ ...SETTINGS, version: 0, status: "running" });
  });

  test("knows after a rollback how far back it led", async () => {
    const { core } = bench();
    for (const text of ["one", "two", "three"]) await saved(core, KEY, text);
    await rollback(core, KEY, {}, {});
    await importPipeline(core, INTO, blob(await exported(core)));
    expect(await stateOf(core, INTO)).toBe("two");
    await rollback(core, INTO, {}, {});
    expect(await stateOf(core, INTO)).toBe("one");
  });

  test("leaves out what does not verify, by its name; with a damaged state there is none", async () => {
    const { core, damage } = bench();
    await saved(core, KEY, "one");
    const second = await saved(core, KEY, `${LONG}two`);
    await saved(core, KEY, "three");
    await damage((await core.backend.checkpoint(KEY, second))!.frame);
    const { leftOut } = await importPipeline(core, INTO, blob(await exported(core)));
    expect(leftOut).toEqual([{ checkpointId: second, problem: expect.stringContaining("digest") }]);
    expect((await listCheckpoints(core, INTO, ALL)).data).toHaveLength(2);
    expect(await stateOf(core, INTO)).toBe("three");
    await damage((await core.backend.load(KEY))!.head.state!.frame);
    await expect(exported(createCore({ backend: core.backend }))).rejects.toMatchObject({
      code: "unrecoverable",
    });
  });

  test("has nothing of what is saved while it is read", async () => {
    const { core } = bench();
    for (const text of ["one", "two"]) await saved(core, KEY, text);
    const checkpoints: StorageBackend["checkpoints"] = async (key, page) => {
      await saved(core, KEY, "before they are listed");
      return core.backend.checkpoints(key, page);
    };
    const busy = createCore({ backend: { ...core.backend, checkpoints } });
    const pieces: Uint8Array[] = [];
    for await (const piece of exportPipeline(busy, KEY)) {
      pieces.push(piece);
      await saved(core, KEY, `later ${pieces.length}`);
    }
    await importPipeline(core, INTO, blob(Buffer.concat(pieces)));
    const { checkpoints: made, state } = await essence(core, INTO);
    expect([state, ...made.map(({ text }) => text)]).toEqual(["two", "two", "one"]);
  });

  test("is read by the Python of its documentation", async () => {
    const { core } = bench();
    await rich(core);
    const file = await exported(core);
    const script = `
import io, sys
data = sys.stdin.buffer.read()
manifest, contents = read_export(io.BytesIO(data))
texts = [contents[each["sha256"]] for each in [manifest["state"], *manifest["checkpoints"]]]
refused = 0
for broken in (data[:-1], data[:-200], data + b"\\n", data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]):
    try:
        read_export(io.BytesIO(broken))
    except ValueError:
        refused += 1
print(json.dumps([manifest["pipelineId"], len(contents), refused, [text.decode("latin1") for text in texts]]))`;
    const code = pythonOf("export-format.md");
    expect(code).toHaveLength(1);
    const [pipelineId, count, refused, texts] = JSON.parse(
      new TextDecoder().decode(runPython([...code, script], file)),
    );
    const known = await essence(core, KEY);
    expect([pipelineId, count, refused]).toEqual(["nightly", 7, 4]);
    expect(texts.slice(0, 2)).toEqual([known.state, known.checkpoints[0]!.text]);
  });
});

/** A store that may be read only. */
function readOnly(inner: StorageBackend): StorageBackend {
  const refuse = () => Promise.reject(new Error("nothing may be written"));
  return { ...inner, commit: refuse, stage: refuse };
}

describe("an import is refused before anything is written", () => {
  test("1,000 random edits of a file", async () => {
    const { core } = bench();
    await rich(core);
    const file = await exported(core);
    const target = createCore({ backend: readOnly(memoryBackend()) });
    const at = fc.nat(file.length - 1);
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 });
    const edit = fc.oneof(
      fc.tuple(at, fc.integer({ min: 1, max: 255 })).map(([i, by]) => file.with(i, file[i]! ^ by)),
      at.map((i) => file.subarray(0, i)),
      fc.tuple(at, bytes).map(([i, more]) => Buffer.concat([file.subarray(0, i), more, file.subarray(i)])),
      fc.tuple(at, fc.integer({ min: 1, max: 300 })).map(([i, n]) => without(file, i, n)),
      fc.tuple(at, at, fc.integer({ min: 1, max: 3000 })).map(([a, b, n]) => swapped(file, a, b, n)),
      bytes.map((more) => Buffer.concat([file, more])),
    );
    const broken = edit.filter((bytes) => Buffer.compare(bytes, file) !== 0);
    await fc.assert(
      fc.asyncProperty(broken, async (bytes) => {
        await expect(importPipeline(target, INTO, blob(bytes))).rejects.toMatchObject({
          code: expect.stringMatching(/^(malformed|unsupported_format)$/),
        });
      }),
      { numRuns: 1000 },
    );
    expect((await target.backend.pipelines(INTO.tenant, {}, ALL)).data).toEqual([]);
    await expect(importPipeline(target, INTO, blob(file))).rejects.toThrow("nothing may be written");
  });

  test("a pipeline that is there, a webhook that may not be called, a file of a later release", async () => {
    const { core } = bench();
    await rich(core);
    const file = blob(await exported(core));
    await expect(importPipeline(core, KEY, file)).rejects.toMatchObject({ code: "precondition_failed" });
    const local = { recovery: { webhookUrl: "https://localhost/hook" } };
    const lax = createCore({ backend: core.backend, webhooks: { allow: ["https://localhost"] } });
    await registerPipeline(lax, KEY, local, {});
    const target = createCore({ backend: readOnly(memoryBackend()) });
    const hooked = importPipeline(target, INTO, blob(await exported(core)));
    await expect(hooked).rejects.toMatchObject({
      code: "malformed",
      message: expect.stringContaining("webhook"),
    });
    const later = importPipeline(target, INTO, new Blob(['{"cairn":"export","format":2}\n']));
    await expect(later).rejects.toMatchObject({ code: "unsupported_format" });
  });

  test("whose digests are right, but which no pipeline is like", async () => {
    const { core } = bench();
    await saved(core, KEY, "one");
    await saved(core, KEY, "two");
    const file = await exported(core);
    const { manifest } = await openExport(blob(file));
    const [newer, older] = manifest.checkpoints as [ExportedCheckpoint, ExportedCheckpoint];
    const body = file.subarray(file.indexOf("\n") + 1, file.lastIndexOf('{"end"'));
    const wrong = [
      { checkpoints: [older, newer] },
      { checkpoints: [newer, newer] },
      { checkpoints: [newer, { ...older, version: 2 }] },
      { checkpoints: [newer, { ...older, version: 3 }] },
      { checkpoints: [newer, { ...older, sequence: newer.sequence }] },
      { checkpoints: [newer, { ...older, bytes: 4 }] },
      { checkpoints: [newer] },
      { checkpoints: [newer, older, { ...older, sequence: 0 }] },
      { state: null },
      { settings: { ...manifest.settings, kind: "no spaces" } },
      { more: true },
    ];
    const target = createCore({ backend: readOnly(memoryBackend()) });
    for (const change of wrong) {
      const made = forged({ ...manifest, ...change }, body);
      await expect(importPipeline(target, INTO, made), JSON.stringify(change)).rejects.toMatchObject({
        code: "malformed",
      });
    }
    for (const i of [10, body.length - 1]) {
      const changed = forged(manifest, body.with(i, body[i]! ^ 1));
      await expect(importPipeline(target, INTO, changed)).rejects.toMatchObject({ code: "malformed" });
    }
    await importPipeline(core, INTO, forged(manifest, body));
    const twoLengths = forged({ ...manifest, checkpoints: [{ ...newer, bytes: 4 }, older] }, body);
    await expect(importPipeline(target, INTO, twoLengths)).rejects.toMatchObject({ code: "malformed" });
  });
});

describe("an import that is broken off", () => {
  test("is replaced when it is started again, and wakes nobody until then", async () => {
    const { core } = bench();
    await rich(core);
    const file = blob(await exported(core));
    const target = bench();
    for (let commits = 1; commits <= 10; commits++) {
      let left = commits;
      const commit: StorageBackend["commit"] = async (all) => {
        if (left-- === 0) throw new Error("killed");
        return target.backend.commit(all);
      };
      const dying = createCore({ backend: { ...target.backend, commit } });
      await expect(importPipeline(dying, INTO, file)).rejects.toThrow("killed");
      const { head } = (await target.backend.load(INTO))!;
      if (!head.deleted) expect(head).toMatchObject({ kind: "cairn.import", recovery: {}, lease: null });
    }
    await importPipeline(target.core, INTO, file);
    expect(await essence(target.core, INTO)).toEqual(await essence(core, KEY));
  });

  test("lost answers do not break it off, others who write do", async () => {
    const { core } = bench();
    await rich(core);
    const file = blob(await exported(core));
    const target = bench();
    target.plan("after", "after", "before", "after");
    await importPipeline(target.core, INTO, file);
    expect(await essence(target.core, INTO)).toEqual(await essence(core, KEY));
    await deletePipeline(target.core, INTO, {});
    const other = createCore({ backend: target.backend });
    for (let at = 2; at <= 10; at++) {
      let writes = 0;
      const commit: StorageBackend["commit"] = async (all) => {
        if (++writes === at) await registerPipeline(other, INTO, { labels: { mine: "now" } }, {});
        return target.backend.commit(all);
      };
      const disturbed = createCore({ backend: { ...target.backend, commit } });
      await expect(importPipeline(disturbed, INTO, file)).rejects.toMatchObject({
        code: "precondition_failed",
      });
      expect((await target.backend.load(INTO))!.head.labels).toEqual({ mine: "now" });
      await deletePipeline(other, INTO, {});
    }
  });
});

function without(file: Buffer, at: number, length: number): Buffer {
  return Buffer.concat([file.subarray(0, at), file.subarray(at + length)]);
}

function swapped(file: Buffer, a: number, b: number, length: number): Buffer {
  const size = Math.min(length, Math.abs(a - b), file.length - Math.max(a, b));
  const made = Buffer.from(file);
  file.copy(made, a, b, b + size);
  file.copy(made, b, a, a + size);
  return made;
}

/** With digests that are right. */
function forged(manifest: object, body: Uint8Array): Blob {
  const start = Buffer.concat([Buffer.from(`${JSON.stringify(manifest)}\n`), body]);
  const sha256 = createHash("sha256").update(start).digest("hex");
  return blob(Buffer.concat([start, Buffer.from(`${JSON.stringify({ end: true, sha256 })}\n`)]));
}
