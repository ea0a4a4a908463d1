import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { objectBackend } from "../../src/backends/object/backend.ts";
import { folderStore } from "../../src/backends/object/folder.ts";
import { createCore } from "../../src/state/core.ts";
import { readState, wholeOf } from "../../src/state/read.ts";

let path = "";
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "cairn-folder-"));
});
afterEach(() => rm(path, { recursive: true, force: true }));

/** Runs a writer; resolves with the lines it printed when it has ended, killed or not. */
function writer(
  name: string,
  mode: string,
  count: number,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const script = new URL("../support/folder-writer.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path, name, mode, String(count)]);
  let printed = "";
  let failed = "";
  child.stderr.on("data", (chunk) => {
    failed += chunk;
  });
  child.stdout.on("data", (chunk) => {
    printed += chunk;
    if (printed.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      if (code !== 0 && killAfter === Number.POSITIVE_INFINITY) reject(new Error(failed));
      else resolve(printed.split("\n").slice(0, -1));
    });
  });
}

const read = async (pipelineId: string) =>
  readState(createCore({ backend: objectBackend({ store: await folderStore({ path }) }) }), {
    tenant: "t",
    pipelineId,
  });

describe("folder: processes side by side", () => {
  it("of four that create the same pipelines, one wins each", { timeout: 60_000 }, async () => {
    const lines = (await Promise.all(["a", "b", "c", "d"].map((name) => writer(name, "create", 40)))).flat();
    const winners = lines.map((line) => line.split(" ")[0]);
    expect(winners.length).toBe(40);
    expect(new Set(winners).size).toBe(40);
    for (const line of lines) {
      const [pipelineId, version, text] = line.split(" ");
      const { head, content } = await read(pipelineId!);
      expect([String(head.version), new TextDecoder().decode(await wholeOf(content))]).toEqual([
        version,
        text,
      ]);
    }
  });

  it("of four that save to one pipeline, each save has a version of its own", {
    timeout: 60_000,
  }, async () => {
    const lines = (await Promise.all(["a", "b", "c", "d"].map((name) => writer(name, "save", 25)))).flat();
    const versions = lines.map((line) => Number(line.split(" ")[1])).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect((await read("shared")).head.version).toBe(100);
  });

  it("SIGKILL in the middle loses no acknowledged save", { timeout: 60_000 }, async () => {
    for (let round = 0; round < 5; round++) {
      const kills = [3, 6, 9].map((after, index) => writer(`${round}${index}`, "save", 1000, after + round));
      const acknowledged = (await Promise.all(kills)).flat().map((line) => line.split(" "));
      const { head } = await read("shared");
      const highest = Math.max(...acknowledged.map(([, version]) => Number(version)));
      expect(head.version).toBeGreaterThanOrEqual(highest);
      expect(new Set(acknowledged.map(([, version]) => version)).size).toBe(acknowledged.length);
    }
  });
});
