import { describe, expect, it } from "vitest";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { decodeContainer, encodeContainer, type Upgrades } from "../../src/backends/object/container.ts";
import type { HeadRecord } from "../../src/backends/object/record.ts";
import { createCore } from "../../src/state/core.ts";
import { readState } from "../../src/state/read.ts";
import { resume } from "../../src/state/resume.ts";
import { saveState } from "../../src/state/save.ts";
import { type MemoryStore, memoryStore } from "../support/memory-store.ts";

const KEY = { tenant: "t", pipelineId: "p" };
const HEAD = "heads/t/p";
const content = new TextEncoder().encode('{"a": 1}');

const save = (store: MemoryStore, upgrades: Upgrades = {}) =>
  saveState(createCore({ backend: objectBackend({ store, upgrades }) }), KEY, {
    content,
    contentType: "application/json",
    caller: {},
    checkpoint: "never",
  });
const read = (store: MemoryStore, upgrades: Upgrades = {}) =>
  readState(createCore({ backend: objectBackend({ store, upgrades }) }), KEY);

/** The head object as a release with another format would have written it. */
async function rewriteAs(store: MemoryStore, format: number, change: (record: HeadRecord) => unknown) {
  const held = store.objects.get(HEAD)!;
  const { record, frames } = await decodeContainer<HeadRecord>(held.bytes, {});
  const { bytes } = await encodeContainer(change(record), frames);
  // The format is a digit, and no digest covers it: only the first line says it.
  const other = bytes.with("cairn ".length, `${format}`.charCodeAt(0));
  store.objects.set(HEAD, { etag: `${held.etag}-${format}`, bytes: other });
}

/** A made-up format 0: it said `type` for `contentType`, and kept no older versions. */
function asFormat0(record: HeadRecord): unknown {
  const { contentType, ...state } = record.head.state!;
  const { history: _history, ...head } = record.head;
  return { ...record, head: { ...head, state: { ...state, type: contentType } } };
}

const upgrades: Upgrades = {
  0: (old) => {
    const record = old as { head: { state: { type: string } } };
    const { type, ...state } = record.head.state;
    return { ...record, head: { ...record.head, history: [], state: { ...state, contentType: type } } };
  },
};

describe("records of other formats (design invariant 11)", () => {
  it("reads an earlier format, and writes its own over it", async () => {
    const store = memoryStore();
    await save(store);
    await rewriteAs(store, 0, asFormat0);
    expect((await read(store, upgrades)).content).toEqual(content);
    expect((await read(store, upgrades)).state.contentType).toBe("application/json");
    expect((await save(store, upgrades)).result.version).toBe(2);
    expect((await read(store)).head.version).toBe(2);
  });

  it("answers 503 to a later format, or one it has no way up from: never damage, and nothing is written", async () => {
    for (const format of [0, 2, 9]) {
      const store = memoryStore();
      await save(store);
      await rewriteAs(store, format, asFormat0);
      const before = store.objects.get(HEAD);
      await expect(read(store)).rejects.toMatchObject({ code: "unsupported_format", status: 503 });
      await expect(save(store)).rejects.toMatchObject({ code: "unsupported_format", status: 503 });
      expect(store.objects.get(HEAD)).toBe(before);
    }
  });

  it("finds every flipped byte of a head, and a damaged frame takes nothing else down", async () => {
    const store = memoryStore();
    await save(store);
    await save(store);
    const { bytes, etag } = store.objects.get(HEAD)!;
    const older = bytes.length - 2 * content.length;
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << (at % 8);
      store.objects.set(HEAD, { bytes: flipped, etag });
      if (at >= older && at < older + content.length) {
        expect((await read(store)).content).toEqual(content);
        continue;
      }
      const error = await read(store).then(
        () => null,
        (reason: { code: string }) => reason,
      );
      expect(["unrecoverable", "unsupported_format"]).toContain(error?.code);
      if (at < older) continue;
      const core = createCore({ backend: objectBackend({ store }) });
      const { point } = await resume(core, KEY, { owner: "o", ttlSeconds: 9 });
      expect(point!.content).toEqual(content);
    }
  });
});
