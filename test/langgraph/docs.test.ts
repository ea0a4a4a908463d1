import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startService } from "../client/service.ts";
import { temporaryFolder } from "../runtime/service.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const blocks = readFileSync(`${root}/docs/langgraph.md`, "utf8")
  .split("```ts\n")
  .slice(1)
  .map((text) => text.split("```")[0]!);

async function run(code: string): Promise<unknown> {
  const args = ["--input-type=module-typescript", "-e", code];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout);
}

test("the graph of the docs runs, and its thread is in the service", async () => {
  const service = await startService();
  const code = blocks[0]!.replace("http://127.0.0.1:8787", service.url);
  expect(await run(`${code}\nconsole.log(JSON.stringify(log));`)).toEqual(["asked", "drafted", "sent"]);
  const state = await (await fetch(`${service.url}/v1/pipelines/lg.order-17/state`)).json();
  expect(state.at.values.log.json).toEqual(["asked", "drafted", "sent"]);
});

test("the saver of the docs works without a server", async () => {
  const code = blocks[1]!.replace('"threads"', JSON.stringify(temporaryFolder()));
  const use = `
    import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
    const checkpoint = { ...emptyCheckpoint(), channel_values: { n: 1 }, channel_versions: { n: 1 } };
    const config = { configurable: { thread_id: "t" } };
    await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { n: 1 });
    console.log(JSON.stringify((await saver.getTuple(config)).checkpoint.channel_values));`;
  expect(await run(code + use)).toEqual({ n: 1 });
});
