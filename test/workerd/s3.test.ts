import { beforeAll, describe, expect, inject, it } from "vitest";
import { noise, saving } from "../../src/backends/contract/support.ts";
import { backendContract } from "../../src/backends/contract.ts";
import { objectBackend } from "../../src/backends/object/backend.ts";
import type { S3Credentials, S3Location } from "../../src/backends/object/s3-client.ts";
import { fetchClient } from "../../src/backends/object/s3-fetch.ts";
import { storeOver } from "../../src/backends/object/s3-store.ts";
import type { ObjectStore } from "../../src/backends/object/store.ts";
import { timeless } from "../support/memory-store.ts";

let at: S3Location;
let subjects = 0;

beforeAll(async () => {
  const where = await (await fetch(`${inject("servers")}/s3`)).json();
  const { accessKeyId, secretAccessKey, ...place } = where as S3Location & S3Credentials;
  at = { ...place, credentials: { accessKeyId, secretAccessKey } };
}, 60_000);

const store = (prefix: string, location: Partial<S3Location> = {}): ObjectStore =>
  storeOver(fetchClient({ ...at, ...location }), { prefix });

/** The storage contract inside workerd, over S3's protocol by the light signer. */
backendContract(
  async () => {
    let ahead = 0;
    const prefix = `subject-${subjects++}`;
    // The server's own clock would correct the one that the checks move.
    const open = () => objectBackend({ store: timeless(store(prefix)), now: () => Date.now() + ahead });
    return {
      backend: open(),
      exclusiveClaims: false,
      reopen: async () => open(),
      advance: async (seconds) => {
        ahead += seconds * 1000;
      },
    };
  },
  { describe, it, expect },
);

it("a state of 20 MB is saved and loaded", async () => {
  const backend = objectBackend({ store: store("large") });
  const key = { tenant: "large", pipelineId: "p" };
  const content = noise(20_000_000);
  const [outcome] = await backend.commit([await saving(key, 0, content)]);
  expect(outcome!.ok).toBe(true);
  const { frames } = (await backend.load(key, { frames: true }))!;
  expect(Buffer.compare(frames[0]!, content)).toBe(0);
}, 60_000);

it("is ready; with wrong credentials it is not, and says so", async () => {
  expect(await store("ready").check()).toEqual([]);
  const credentials = { accessKeyId: "OTHER", secretAccessKey: "hush" };
  expect(await store("ready", { credentials }).check()).toEqual(["The store does not know this access key."]);
});

it("where nobody listens the outcome is unknown, never a refusal", async () => {
  const backend = objectBackend({ store: store("none", { endpoint: "http://127.0.0.1:1" }) });
  const commit = await saving({ tenant: "none", pipelineId: "p" }, 0, "v1");
  const error = await backend.commit([commit]).catch((cause: Error) => cause);
  expect(["OutcomeUnknown", "CairnError"]).toContain((error as Error).name);
});
