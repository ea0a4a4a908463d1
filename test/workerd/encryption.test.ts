import { expect, test } from "vitest";
import { decrypt, encrypt } from "../../src/frames/encryption.ts";
import { parseKeyRing } from "../../src/frames/key-ring.ts";

const ring = parseKeyRing(JSON.stringify([{ id: "k", key: btoa("k".repeat(32)) }]));
const place = { tenant: "acme", pipelineId: "nightly", version: 7 };

test("a frame is the very bytes that Node makes, and opens", async () => {
  const stored = await encrypt(ring, place, new TextEncoder().encode("state"));
  expect(Buffer.from(stored).toString("hex")).toBe(
    "e1016b5eb55e7f1615caa84c416531ec30bdf5f03a5d4c929f278f82475df2a5f369c81c",
  );
  const opened = await decrypt(ring, place, stored);
  expect(opened.ok && new TextDecoder().decode(opened.bytes)).toBe("state");
});

test("workerd's refusal of a tag is told as one, an empty frame's too", async () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(1000)]) {
    const stored = await encrypt(ring, place, bytes);
    expect(await decrypt(ring, place, stored)).toEqual({ ok: true, bytes });
    const damaged = stored.with(-1, stored.at(-1)! ^ 1);
    expect(await decrypt(ring, place, damaged)).toMatchObject({ ok: false, reason: "mismatch" });
    expect(await decrypt(ring, { ...place, version: 8 }, stored)).toMatchObject({ reason: "mismatch" });
  }
});
