import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startService } from "../client/service.ts";

const STEPS = 6;
const runner = fileURLToPath(new URL("./fixtures/runner.ts", import.meta.url));

/** Runs it in a process of its own; killed in a step when one of its two tasks is saved. Everything that it said. */
async function run(url: string, thread: string, killedIn = 0): Promise<string[]> {
  const child = spawn(process.execPath, [runner, url, thread, String(STEPS), String(killedIn)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (line === `saved quick${killedIn}`) child.kill("SIGKILL");
  }
  return said;
}

test("killed in the middle of every superstep, a graph goes on in a new process where it was", async () => {
  const { url } = await startService();
  const said: string[] = [];
  for (let step = 1; step <= STEPS; step++) said.push(...(await run(url, "killed", step)));
  expect(said.filter((line) => line.startsWith("result"))).toEqual([]);
  const last = await run(url, "killed");
  const undisturbed = await run(url, "undisturbed");
  expect(last.at(-1)).toEqual(undisturbed.at(-1));
  expect(JSON.parse(last.at(-1)!.slice("result ".length))).toHaveLength(2 * STEPS);

  // What was saved before the kill is not done again; what was under way is, once for the kill.
  const times = (what: string) => [...said, ...last].filter((line) => line === `did ${what}`).length;
  for (let step = 1; step <= STEPS; step++) {
    expect([times(`quick${step}`), times(`slow${step}`)]).toEqual([1, 2]);
  }
});
