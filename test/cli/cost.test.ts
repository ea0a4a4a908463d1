import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cairn, root } from "./run.ts";

const MONTH = ["cost", "--pipelines", "100", "--checkpoints-per-hour", "60", "--state-bytes", "1000000"];

test("a month: each backend, each way, and what each is made of", async () => {
  const { status, stdout } = await cairn(MONTH);
  expect(status).toBe(0);
  expect(stdout).toMatch(/every task, whole state +every task, deltas +adaptive, deltas +saved\n/);
  for (const name of ["Workers, R2", "Lambda, S3", "Lambda, DynamoDB", "Workers, Neon", "Workers, Upstash"])
    expect(stdout).toMatch(new RegExp(`^${name} +(\\d+\\.\\d\\d +){3}\\d+ %$`, "m"));
  expect(stdout).toMatch(/Prices as of: .*neon 2026-11-12/);
  expect(stdout).toContain("Assumed: instances 1, lambda-ms 50, neon-compute-units 0.25.");
});

test("as JSON every item, what is assumed, and where the prices are from", async () => {
  const { stdout } = await cairn([...MONTH, "--json", "--lambda-ms", "20"]);
  const { load, assumed, sources, bills } = JSON.parse(stdout);
  expect(load).toMatchObject({ pipelines: 100, lambdaMs: 20, keep: 100 });
  expect(assumed).toContain("lambdaMs");
  expect(sources.r2).toEqual({ url: "https://developers.cloudflare.com/r2/pricing/", asOf: "2026-08-03" });
  expect(bills).toHaveLength(5);
  for (const each of bills)
    for (const { items, dollars } of Object.values<{ items: { dollars: number }[]; dollars: number }>(
      each.bills,
    ))
      expect(items.reduce((sum, item) => sum + item.dollars, 0)).toBeCloseTo(dollars, 6);
});

test("the guide's table is what the command prints", async () => {
  const guide = readFileSync(`${root}/docs/operations.md`, "utf8");
  const [, command, printed] = /```sh\nnpx cairn (cost .*)\n```\n\n```text\n([^`]*)```/.exec(guide)!;
  expect((await cairn(command!.split(" "))).stdout).toBe(printed);
});

test.each([
  [["cost"], "--pipelines is needed"],
  [["cost", "--per-million"], "--state-bytes is needed"],
  [[...MONTH, "--per-million"], "--pipelines is nothing to --per-million"],
  [[...MONTH, "--keep", "-1"], "--keep"],
  [[...MONTH, "--keep=-1"], '--keep is a number, and none below 0: not "-1"'],
  [[...MONTH, "--keep", "many"], 'not "many"'],
  [[...MONTH, "--keep", ""], 'not ""'],
  [[...MONTH, "--lambda-ms", "Infinity"], 'not "Infinity"'],
  [[...MONTH, "--delta-share", "1.5"], "--delta-share is a share: from 0 to 1"],
  [[...MONTH, "--region", "eu"], "--region"],
])("%j is refused", async (words, message) => {
  const { status, stdout, stderr } = await cairn(words);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain(message);
});
