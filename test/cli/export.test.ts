import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startService } from "../client/service.ts";
import { cairn } from "./run.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "cairn-export-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("a pipeline goes from one service to another by a file", async () => {
  const [from, to] = [await startService(), await startService()];
  const nightly = from.client().pipeline("nightly");
  for (const n of [1, 2, 3]) await nightly.save({ n }, { checkpoint: "always" });
  const path = await folder();
  const file = join(path, "nightly.cairn");
  const down = await cairn(["export", "nightly", "-o", file], { CAIRN_URL: from.url });
  expect(down).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining("3 checkpoints") });
  expect(await readdir(path)).toEqual(["nightly.cairn"]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const up = await cairn(["import", file, "--as", "copy", "--url", to.url]);
  expect(up).toEqual({ status: 0, stderr: "", stdout: "copy: the state and 3 checkpoints are there.\n" });
  expect((await to.client().pipeline("copy").load())!.value).toEqual({ n: 3 });
  const again = await cairn(["import", file, "--as", "copy", "--url", to.url]);
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("(precondition_failed)") });
});

test("what is broken off leaves no file; what is broken sends nothing", async () => {
  const service = await startService();
  await service.client().pipeline("nightly").save({ n: 1 });
  const path = await folder();
  const file = join(path, "nightly.cairn");
  await cairn(["export", "nightly", "-o", file, "--url", service.url]);
  const whole = await readFile(file);
  service.instead = () => new Response(whole.subarray(0, -5));
  const cut = await cairn(["export", "nightly", "-o", join(path, "cut"), "--url", service.url]);
  expect(cut).toMatchObject({ status: 1, stderr: expect.stringContaining("not a whole export") });
  expect(await readdir(path)).toEqual(["nightly.cairn"]);
  service.instead = null;
  service.seen.length = 0;
  await writeFile(file, whole.with(whole.length >> 1, whole[whole.length >> 1]! ^ 1));
  const broken = await cairn(["import", file, "--as", "copy", "--url", service.url]);
  expect(broken).toMatchObject({ status: 1, stderr: expect.stringContaining("(malformed)") });
  expect(service.seen).toEqual([]);
});

test("says what is wrong, and what to do", async () => {
  const service = await startService();
  const wrong = async (status: number, text: string, ...words: string[]) =>
    expect(await cairn(words)).toMatchObject({ status, stderr: expect.stringContaining(text) });
  await wrong(2, "which pipeline", "export");
  await wrong(2, "-o FILE", "export", "nightly");
  await wrong(2, "CAIRN_URL", "export", "nightly", "-o", "x");
  await wrong(2, 'what is "b" for', "export", "a", "b", "-o", "x");
  await wrong(2, "which file", "import");
  await wrong(2, "cannot be read", "import", "/nowhere", "--url", service.url);
  await wrong(1, "no such pipeline. (not_found)", "export", "nightly", "-o", "x", "--url", service.url);
  await wrong(1, "did not answer", "export", "nightly", "-o", "x", "--url", "http://127.0.0.1:1");
});
