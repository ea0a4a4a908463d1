import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { ensureProgram } from "../../src/cli/local/install.ts";
import { pythonOf } from "../support/python.ts";
import { startService } from "./service.ts";

const [call, saveAndLoad, ifMatch, work, checkpoints] = pythonOf("python.md") as [string, ...string[]];

/** Runs code beside this process, which is the one that serves. */
async function python(url: string, code: readonly (string | undefined)[]) {
  ensureProgram("python3");
  const child = spawn("python3", ["-c", code.join("\n")], { env: { ...process.env, CAIRN_URL: url } });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (piece) => {
    output += piece;
  });
  child.stderr.on("data", (piece) => {
    errors += piece;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  return { status, lines: output.split("\n").slice(0, -1), errors };
}

test("saves, loads, and is told that another was faster", async () => {
  const { url, client } = await startService();
  const meanwhile = 'call("PUT", "/v1/pipelines/report/state", {"page": 9})';
  const quiet = await python(url, [call, saveAndLoad, ifMatch]);
  expect(quiet).toEqual({ status: 0, lines: [`1 "1" {'page': 3, 'rows': [1, 2, 3]}`], errors: "" });
  expect((await client().pipeline("report").load())?.value).toEqual({ page: 4, rows: [1, 2, 3] });
  const raced = await python(url, [call, saveAndLoad, meanwhile, ifMatch]);
  expect(raced.lines[1]).toBe('another was faster: it is at "4"');
  expect((await client().pipeline("report").load())?.value).toEqual({ page: 9 });
});

test("goes on where a worker that died had got to, and does nothing twice", async () => {
  const { url, client } = await startService();
  const job = (does: string) => [call, work, does, 'print(work("nightly", ["a", "b", "c", "d"], do, ttl=1))'];
  const dies =
    "def do(part):\n    if part == 'c': os._exit(9)\n    print(part, flush=True)\n    return part.upper()";
  expect(await python(url, job(dies))).toMatchObject({ status: 9, lines: ["a", "b"] });
  const lives = "def do(part):\n    print(part)\n    return part.upper()";
  const { lines, errors } = await python(url, job(lives));
  expect([errors, lines]).toEqual(["", ["c", "d", "{'a': 'A', 'b': 'B', 'c': 'C', 'd': 'D'}"]]);
  expect(await client().pipeline("nightly").get()).toMatchObject({ status: "completed", attempt: 2 });
});

test("goes back to a checkpoint; refusals have their code, lost answers are asked for again", async () => {
  const service = await startService();
  const { lines, errors } = await python(service.url, [call, checkpoints]);
  expect([errors, lines]).toEqual(["", ["3 {'page': 5}"]]);
  const refused =
    'try:\n    call("GET", "/v1/pipelines/none/state")\nexcept CairnError as error:\n    print(error)';
  expect((await python(service.url, [call, refused])).lines).toEqual([
    "404 not_found: There is no such pipeline.",
  ]);
  let failures = 2;
  service.instead = () => (failures-- > 0 ? new Response("", { status: 502 }) : undefined);
  expect((await python(service.url, [call, saveAndLoad])).lines).toHaveLength(1);
});
