import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noise, saving } from "../../src/backends/contract/support.ts";
import { backendContract } from "../../src/backends/contract.ts";
import { postgresOver } from "../../src/backends/postgres/backend.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { pgliteRunner } from "../../src/backends/postgres/pglite.ts";
import { migrateForTests, postgresSubject } from "./postgres-subject.ts";

const database = pgliteRunner();

beforeAll(() => migrateForTests(database), 60_000);
afterAll(() => database.close());

/** Two clients of one database inside this process: it has one connection, which both use. */
describe("embedded", () => {
  const open = () => ({ ...database, close: async () => {} });
  backendContract(async () => postgresSubject(open), { describe, it, expect });
});

describe("a state", () => {
  const key = { tenant: "t", pipelineId: "p" };

  it("of 20 MB is saved and loaded", async () => {
    const backend = postgresOver(database);
    const content = noise(20_000_000);
    const [outcome] = await backend.commit([await saving(key, 0, content)]);
    expect(outcome!.ok).toBe(true);
    const { frame } = (await backend.load(key, { frame: true }))!;
    expect(Buffer.compare(frame!, content)).toBe(0);
  }, 60_000);

  it("in a folder is there for the next process", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "cairn-pglite-")), "data");
    const open = () => postgresBackend({ transport: "pglite", path });
    const first = open();
    expect(await first.health()).toEqual({ ready: true, problems: [] });
    await first.commit([await saving(key, 0, "kept")]);
    await first.close();
    await expect(first.load(key)).rejects.toMatchObject({ code: "backend_unavailable" });
    const second = open();
    expect((await second.load(key, { frame: true }))!.frame).toEqual(new TextEncoder().encode("kept"));
    await second.close();
    rmSync(join(path, ".."), { recursive: true });
  }, 60_000);
});
