import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
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
    const { frames } = (await backend.load(key, { frames: true }))!;
    expect(Buffer.compare(frames[0]!, content)).toBe(0);
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
    expect((await second.load(key, { frames: true }))!.frames[0]).toEqual(new TextEncoder().encode("kept"));
    await second.close();
    rmSync(join(path, ".."), { recursive: true });
  }, 60_000);
});

describe("a folder that is open", () => {
  const key = { tenant: "t", pipelineId: "p" };
  const inUse = { code: "backend_unavailable", message: expect.stringContaining("in use") };

  function hold(path: string) {
    const script = new URL("../support/hold-pglite.ts", import.meta.url).pathname;
    return spawn(process.execPath, [script, path], { stdio: "pipe" });
  }

  async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
    const parent = mkdtempSync(join(tmpdir(), "cairn-pglite-"));
    try {
      await use(join(parent, "data"));
    } finally {
      rmSync(parent, { recursive: true });
    }
  }

  it("is refused to a second client of this process, by whatever name, until it is closed", async () => {
    await inFolder(async (path) => {
      const first = postgresBackend({ transport: "pglite", path });
      await first.commit([await saving(key, 0, "v1")]);
      symlinkSync(path, `${path}-link`);
      for (const name of [path, `${path}-link`, `${path}/../data`, `file://${path}`]) {
        const second = postgresBackend({ transport: "pglite", path: name });
        await expect(second.commit([await saving(key, 1, "lost")])).rejects.toMatchObject(inUse);
        expect(await second.health()).toEqual({ ready: false, problems: [inUse.message] });
        await second.close();
      }
      await first.commit([await saving(key, 1, "v2")]);
      await first.close();
      const next = postgresBackend({ transport: "pglite", path });
      expect((await next.load(key))!.head.version).toBe(2);
      await next.close();
    });
  }, 60_000);

  it("is refused to another process, and free when its own is killed: also after the recovery", async () => {
    await inFolder(async (path) => {
      const child = hold(path);
      await once(child.stdout, "data");
      const second = postgresBackend({ transport: "pglite", path });
      await expect(second.load(key)).rejects.toMatchObject(inUse);
      child.kill("SIGKILL");
      await once(child, "exit");
      expect((await second.load(key))!.head.version).toBe(1);
      const third = hold(path);
      const [said] = await once(third.stderr, "data");
      expect(String(said)).toContain("in use");
      third.kill();
      await second.close();
    });
  }, 60_000);
});
