import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { saving } from "../../src/backends/contract/support.ts";
import { postgresBackend, postgresRunner } from "../../src/backends/postgres/index.ts";
import { migrate } from "../../src/backends/postgres/migrate.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import type { CairnError } from "../../src/model/errors.ts";
import { crashRounds } from "../support/crash-postgres.ts";

test("three crashes under eight writers lose nothing that was acknowledged", async () => {
  const report = await crashRounds(3);
  expect(report.lost).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(100);
}, 60_000);

/** Only root may mount; a file system of a fixed size cannot be had otherwise. */
test.skipIf(process.platform !== "linux" || process.getuid!() !== 0)(
  "a full disk: reads answer, writes are refused with nothing done, and go on when there is room",
  async () => {
    const disk = mkdtempSync(join(tmpdir(), "cairn-disk-"));
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=80m,mode=0755", "tmpfs", disk]);
    const server = await startPostgres({ parent: disk, walParent: tmpdir() });
    const runner = postgresRunner({ transport: "tcp", url: server.url });
    const backend = postgresBackend({ runner });
    try {
      await migrate(runner);
      const keyOf = (i: number) => ({ tenant: "t", pipelineId: `p${i}` });
      const save = async (i: number) => backend.commit([await saving(keyOf(i), 0, contents[i]!)]);
      const contents = Array.from({ length: 80 }, () => randomBytes(1_000_000));
      let saved = 0;
      let refusal: CairnError | null = null;
      while (refusal === null)
        await save(saved).then(
          () => saved++,
          (error: CairnError) => {
            refusal = error;
          },
        );
      expect(refusal).toMatchObject({
        code: "insufficient_storage",
        message: "The disk of the database is full.",
      });
      expect(saved).toBeGreaterThan(5);
      for (let i = 0; i < saved; i++) {
        const { frames } = (await backend.load(keyOf(i), { frames: true }))!;
        expect(Buffer.compare(frames[0]!, contents[i]!)).toBe(0);
      }
      expect((await backend.pipelines("t", {}, { limit: 500 })).data.length).toBe(saved);
      expect(await backend.load(keyOf(saved))).toBe(null);
      await expect(save(saved)).rejects.toMatchObject({ status: 507 });
      execFileSync("/bin/mount", ["-o", "remount,size=200m", disk]);
      expect((await save(saved))[0]).toMatchObject({ ok: true, replayed: false });
    } finally {
      await backend.close();
      await server.stop();
      execFileSync("/bin/umount", [disk]);
      rmdirSync(disk);
    }
  },
  60_000,
);
