import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { folderStore } from "../../src/backends/object/folder.ts";

const link = fs.link;

afterEach(() => {
  setLink(link);
});

function setLink(next: typeof link): void {
  fs.link = next;
  syncBuiltinESMExports();
}

/** Holds the next link up, as a stopped process would be. */
function stallNextLink() {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  setLink(async (...args) => {
    setLink(link);
    reached.resolve();
    await released.promise;
    return link(...args);
  });
  return { reached: reached.promise, release: released.resolve };
}

/**
 * A writer has read generation `read`, and links the next one in only after three more have come: its number is
 * free again by then. Whatever it is told, it must not be that its write counts.
 */
test.each([1, 2, 3, 7])(
  "a writer held up over generations after %i is never told that its write counts",
  async (read) => {
    const path = await fs.mkdtemp(join(tmpdir(), "cairn-stall-"));
    const [slow, quick] = [
      await folderStore({ path, fsync: false }),
      await folderStore({ path, fsync: false }),
    ];
    const bytes = (text: string) => new TextEncoder().encode(text);
    let etag = (await quick.put("k/x", bytes("1"), "absent"))!.etag;
    const write = async (text: string) => {
      etag = (await quick.put("k/x", bytes(text), { ifMatch: etag }))!.etag;
    };
    for (let generation = 2; generation <= read; generation++) await write(`${generation}`);

    const stall = stallNextLink();
    const stalled = slow.put("k/x", bytes("stalled"), { ifMatch: etag }).catch(() => "unknown");
    await stall.reached;
    for (const text of ["a", "b", "c"]) await write(text);
    stall.release();

    expect([null, "unknown"]).toContain(await stalled);
    expect(new TextDecoder().decode((await quick.get("k/x"))!.bytes)).toBe("c");
    await write("d");
    expect(new TextDecoder().decode((await slow.get("k/x"))!.bytes)).toBe("d");
    await fs.rm(path, { recursive: true });
  },
);

test("one that is held up and then first is told that its write counts", async () => {
  const path = await fs.mkdtemp(join(tmpdir(), "cairn-stall-"));
  const store = await folderStore({ path, fsync: false });
  const first = await store.put("k/x", new Uint8Array([1]), "absent");
  const stall = stallNextLink();
  const stalled = store.put("k/x", new Uint8Array([2]), { ifMatch: first!.etag });
  await stall.reached;
  stall.release();
  const put = await stalled;
  expect((await store.get("k/x"))!.etag).toBe(put!.etag);
  await fs.rm(path, { recursive: true });
});
