import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../runtime/service.ts";
import { startService } from "./service.ts";

const STEPS = 200;
const RESULT = Array.from({ length: STEPS }, (_, i) => i * i).reduce((a, b) => a + b);

interface Effect {
  pid: number;
  step: number;
}

/**
 * Two processes run one pipeline; whichever of them works is killed at a moment of its own choosing, so often, and
 * another takes its place.
 */
async function underFire(strategy: string, kills: number): Promise<{ effects: Effect[]; said: string[] }> {
  const { url, client } = await startService();
  const file = join(temporaryFolder(), "effects");
  const effects = () => (existsSync(file) ? parse(readFileSync(file, "utf8")) : []);
  const said: string[] = [];
  const start = () => {
    const child = spawn(process.execPath, [CHILD, url, file, String(STEPS), strategy], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.stdout!.setEncoding("utf8").on("data", (text: string) => said.push(text.trim()));
    return child;
  };
  let runners = [start(), start()];
  for (let killed = 0; killed < kills; killed++) {
    const worker = await workerOf(runners, effects);
    // Anywhere in a step: at its work, at its save, between.
    await sleep(Math.random() * 100);
    worker.kill("SIGKILL");
    await once(worker, "exit");
    runners = [...runners.filter((each) => each !== worker), start()];
  }
  await Promise.all(runners.map((each) => each.exitCode ?? once(each, "exit")));
  expect(await client().pipeline("fire").get()).toMatchObject({ status: "completed", lease: null });
  return { effects: effects(), said };
}

const CHILD = fileURLToPath(new URL("fire-child.ts", import.meta.url));

async function workerOf(runners: ChildProcess[], effects: () => Effect[]): Promise<ChildProcess> {
  for (;;) {
    const last = effects().at(-1)?.pid;
    const worker = runners.find(({ pid }) => pid === last);
    if (worker) return worker;
    await sleep(5);
  }
}

/** The last line may be under way. */
function parse(text: string): Effect[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => {
    const [pid, step] = line.split(" ").map(Number);
    return { pid: pid!, step: step! };
  });
}

/** Whether each process had its time, and none came back once another worked. */
function oneAtATime(effects: Effect[]): boolean {
  const turns = effects.filter(({ pid }, i) => pid !== effects[i - 1]?.pid).map(({ pid }) => pid);
  return new Set(turns).size === turns.length;
}

test("200 steps under 20 kills: all are done, one at most is done again after each, and never two work at once", async () => {
  const kills = 20;
  const { effects, said } = await underFire("always", kills);
  expect(said).toEqual([`result ${RESULT}`, `result ${RESULT}`]);
  expect(new Set(effects.map(({ step }) => step)).size).toBe(STEPS);
  expect(effects.length - STEPS).toBeLessThanOrEqual(kills);
  for (const [i, { pid, step }] of effects.entries()) {
    const before = effects[i - 1];
    if (before?.pid === pid) expect(step).toBe(before.step + 1);
    else if (before) expect([before.step, before.step + 1]).toContain(step);
  }
  expect(oneAtATime(effects)).toBe(true);
}, 180_000);

test("control: where nothing is saved on the way, more is done again than one step a kill", async () => {
  const { effects } = await underFire("never", 3);
  expect(effects.length - STEPS).toBeGreaterThan(3);
  expect(oneAtATime([...effects, effects[0]!])).toBe(false);
}, 60_000);
