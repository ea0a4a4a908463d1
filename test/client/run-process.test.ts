import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startService } from "./service.ts";

const child = fileURLToPath(new URL("run-child.ts", import.meta.url));

/** Runs the pipeline `p` in a process of its own; each step is told on its standard output. */
function start(
  url: string,
  steps: number,
): { process: ChildProcess; told: string[]; until(line: string): Promise<void> } {
  const process = spawn(globalThis.process.execPath, [child, url, String(steps)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void process.kill("SIGKILL"));
  const told: string[] = [];
  process.stdout!.setEncoding("utf8").on("data", (text: string) => told.push(...text.trim().split("\n")));
  const until = async (line: string) => {
    while (!told.includes(line)) await once(process.stdout!, "data");
  };
  return { process, told, until };
}

test("a process that is asked to end saves what it has, and dies of the signal; the next one goes on", async () => {
  const { url, client } = await startService();
  const first = start(url, 5);
  await first.until("2");
  first.process.kill("SIGTERM");
  const [code, signal] = await once(first.process, "exit");
  expect([code, signal]).toEqual([null, "SIGTERM"]);
  const { value } = (await client().pipeline("p").load<{ steps: object }>())!;
  expect(Object.keys(value.steps)).toEqual(["0", "1", "2"]);
  // Its lease was cut short: nobody has to wait for it.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = start(url, 5);
  expect(await once(second.process, "exit")).toEqual([0, null]);
  expect(second.told.filter((line) => !line.startsWith("saved"))).toEqual(["3", "4", "result 10"]);
});

test("a process that is killed loses what it had not saved, and no more", async () => {
  const { url, client } = await startService();
  await client()
    .pipeline("p")
    .register({ policy: { strategy: "always" } });
  const first = start(url, 5);
  await first.until("2");
  await first.until("saved 2");
  first.process.kill("SIGKILL");
  await once(first.process, "exit");
  const { fence } = (await client().pipeline("p").get())!;
  await client().pipeline("p").heartbeat({ fence, ttlSeconds: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = start(url, 5);
  expect(await once(second.process, "exit")).toEqual([0, null]);
  expect(second.told.filter((line) => /^\d$/.test(line))).toEqual(["3", "4"]);
});
