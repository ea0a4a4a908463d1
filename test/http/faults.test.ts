import { afterEach, describe, expect, it, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import type { StorageBackend } from "../../src/backends/types.ts";
import { CairnError, OutcomeUnknown } from "../../src/model/errors.ts";
import { expectProblem, pipeline } from "./contract/client.ts";
import { localService } from "./fixture.ts";

const SECRET = 'INSERT INTO heads VALUES ($1) -- postgres://user:hunter2@db "payload"';

afterEach(() => void vi.restoreAllMocks());

/** A service whose store may be given other methods later. */
function faulty() {
  const backend: StorageBackend = { ...memoryBackend() };
  return { backend, client: localService({ backend }) };
}

describe("a store that fails", () => {
  it("is 503 with Retry-After when it says so", async () => {
    const { backend, client } = faulty();
    backend.load = () => Promise.reject(new CairnError("backend_unavailable", "The store is full of sand."));
    const answer = await client.get(`${pipeline("a")}/state`);
    expectProblem(answer, 503, "backend_unavailable");
    expect(answer.headers.get("Retry-After")).toBe("1");
  });

  it("is 500 when it throws what nobody expects, and neither answer nor log tell a secret", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { backend, client } = faulty();
    backend.load = () => Promise.reject(Object.assign(new TypeError(SECRET), { code: "57P01" }));
    const answer = await client.get(`${pipeline("a")}/state`, { headers: { "X-Request-Id": "r-1" } });
    expectProblem(answer, 500, "internal");
    expect(answer.headers.get("X-Request-Id")).toBe("r-1");
    const [line] = log.mock.calls.map(String);
    expect(log).toHaveBeenCalledTimes(1);
    expect(JSON.parse(line!)).toEqual({
      level: "error",
      event: "internal",
      requestId: "r-1",
      operationId: "loadState",
      name: "TypeError",
      code: "57P01",
    });
    for (const text of [answer.text, line!]) expect(text).not.toMatch(/hunter2|INSERT|payload|\.ts|at /);
  });

  it("is 503 outcome_unknown when it never says whether a write landed", async () => {
    const { backend, client } = faulty();
    backend.commit = () => Promise.reject(new OutcomeUnknown(SECRET));
    const answer = await client.put(`${pipeline("a")}/state`, {});
    expectProblem(answer, 503, "outcome_unknown");
    expect(answer.headers.get("Retry-After")).toBeTruthy();
    expect(answer.text).not.toContain("hunter2");
  });

  it("is not ready", async () => {
    const { backend, client } = faulty();
    backend.health = async () => ({ ready: false, problems: ["AOF is off"] });
    const unsafe = await client.get("/ready");
    expect(unsafe.status).toBe(503);
    expect(unsafe.json()).toEqual({ ready: false, backend: "memory", problems: ["AOF is off"] });
    backend.health = () => Promise.reject(new Error(SECRET));
    const down = await client.get("/ready");
    expect(down.status).toBe(503);
    expect(down.text).not.toContain("hunter2");
    expect((await client.get("/health")).status).toBe(200);
  });
});

describe("what the store does not let us ask", () => {
  it("is told, and is no problem", async () => {
    const { backend, client } = faulty();
    const unverified = ["whether keys may be evicted"];
    const said = { backend: "memory", unverified };
    backend.health = async () => ({ ready: true, problems: [], unverified });
    const ready = await client.get("/ready");
    expect([ready.status, ready.json()]).toEqual([200, { ready: true, problems: [], ...said }]);
    backend.health = async () => ({ ready: false, problems: ["AOF is off"], unverified });
    const unsafe = await client.get("/ready");
    expect([unsafe.status, unsafe.json()]).toEqual([
      503,
      { ready: false, problems: ["AOF is off"], ...said },
    ]);
    backend.health = async () => ({ ready: true, problems: [], unverified: [] });
    expect((await client.get("/ready")).json()).toEqual({ ready: true, backend: "memory", problems: [] });
  });
});

describe("damage", () => {
  /** Frames of these ids come back with one byte changed. */
  async function damaged(states: string[], broken: (index: number) => boolean) {
    const { backend, client } = faulty();
    const ids: string[] = [];
    for (const state of states) ids.push(await client.checkpoint("a", state));
    const records = await Promise.all(
      ids.map((id) => backend.checkpoint({ tenant: "local", pipelineId: "a" }, id)),
    );
    const frames = new Set(records.filter((_, i) => broken(i)).map((record) => record!.frame.frameId));
    const { load, frames: read } = backend;
    const spoil = (bytes: Uint8Array | null) => bytes?.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) ?? null;
    backend.frames = async (key, refs) => {
      const all = await read(key, refs);
      return all.map((bytes, i) => (frames.has(refs[i]!.frameId) ? spoil(bytes) : bytes));
    };
    backend.load = async (key, options) => {
      const loaded = await load(key, options);
      const hit = loaded?.head.state && frames.has(loaded.head.state.frame.frameId);
      return loaded && hit ? { ...loaded, frames: loaded.frames.map(spoil) } : loaded;
    };
    return { client, ids };
  }

  it("is never served, but reported", async () => {
    const { client, ids } = await damaged(["[1]"], () => true);
    expectProblem(await client.get(`${pipeline("a")}/state`), 409, "unrecoverable");
    const checkpoint = `${pipeline("a")}/checkpoints/${ids[0]}`;
    expectProblem(await client.get(`${checkpoint}/state`), 409, "unrecoverable");
    const verified = await client.post(`${checkpoint}/verify`);
    expect(verified.status).toBe(200);
    expect(verified.json()).toEqual({ valid: false, problems: expect.arrayContaining([expect.any(String)]) });
    for (const verb of ["recover", "rollback"]) {
      expectProblem(await client.post(`${pipeline("a")}/${verb}`), 409, "unrecoverable");
    }
    const resume = { owner: "w", ttlSeconds: 1 };
    expectProblem(await client.post(`${pipeline("a")}/resume`, resume), 409, "unrecoverable");
    expect((await client.get(pipeline("a"))).json()).toMatchObject({ version: 1, fence: 0 });
  });

  it("on the way of a recovery is quarantined and listed", async () => {
    const { client, ids } = await damaged(["[1]", "[2]", "[3]"], (index) => index > 0);
    const answer = await client.post(`${pipeline("a")}/recover`);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      version: 4,
      checkpointId: ids[0],
      quarantined: [
        { checkpointId: ids[2], problem: expect.any(String) },
        { checkpointId: ids[1], problem: expect.any(String) },
      ],
    });
    expect((await client.get(`${pipeline("a")}/state`)).text).toBe("[1]");
    const shown = await client.get(`${pipeline("a")}/checkpoints/${ids[2]}`);
    expect(shown.json()).toMatchObject({ verified: false, quarantinedAt: expect.any(String) });
  });

  it("of the state makes a resume go on from an older version", async () => {
    const { client } = await damaged(["[1]", "[2]"], (index) => index === 1);
    const resumed = await client.post(`${pipeline("a")}/resume`, { owner: "w", ttlSeconds: 1 });
    expect(resumed.json()).toMatchObject({ version: 3, state: [1] });
    expect(resumed.headers.get("ETag")).toBe('"3"');
  });
});
