import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startService } from "../client/service.ts";
import { temporaryFolder } from "../runtime/service.ts";
import { cairn, environment, root } from "./run.ts";

let service: Awaited<ReturnType<typeof startService>>;
let folder: string;
beforeEach(async () => {
  service = await startService();
  folder = temporaryFolder();
});

const OFTEN = ["--pipeline", "job", "--strategy", "always", "--ttl", "3", "--grace", "5"];

/** Runs a program under `cairn exec`. */
function exec(program: string[], options: string[] = OFTEN): ChildProcess & { said: () => string } {
  const words = ["src/cli/cairn.ts", "exec", ...options, "--", ...program];
  const env = environment({ CAIRN_URL: service.url });
  const child = spawn(process.execPath, words, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  return Object.assign(child, { said: () => said });
}

async function codeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(50);
}

const show = async () => (await fetch(`${service.url}/v1/pipelines/job`)).json();
const state = async () => (await fetch(`${service.url}/v1/pipelines/job/state`)).text();

test("a program's file is saved at its end, its exit code decides, and the next run finds the file", async () => {
  const write = [
    "sh",
    "-c",
    'cat "$CAIRN_STATE_FILE" 2>/dev/null; echo "$1" > "$CAIRN_STATE_FILE"; exit "$2"',
    "sh",
  ];
  const options = ["--pipeline", "job", "--kind", "tests"];
  const first = exec([...write, "one", "3"], options);
  expect(await codeOf(first)).toBe(3);
  expect(await show()).toMatchObject({ kind: "tests", status: "failed", lease: null, checkpointCount: 1 });
  const second = exec([...write, "two", "0"], options);
  expect(await codeOf(second)).toBe(0);
  expect(second.said()).toBe("one\n");
  expect(await show()).toMatchObject({ status: "completed", attempt: 2 });
  expect(await state()).toBe("two\n");
  const third = exec([...write, "three", "0"], options);
  expect(await codeOf(third)).toBe(1);
  expect(third.said()).toContain("(invalid_transition)");
});

test("a program that is not there, and one that is killed, have failed", async () => {
  expect(await codeOf(exec(["/no/such/program"]))).toBe(127);
  expect(await show()).toMatchObject({ status: "failed", lease: null });
  expect(await codeOf(exec(["sh", "-c", "kill -9 $$"]))).toBe(137);
  expect(await show()).toMatchObject({ status: "failed", lease: null });
});

test("what a program has started ends with it", async () => {
  const file = join(folder, "pid");
  expect(await codeOf(exec(["sh", "-c", `sleep 1000 & echo $! > ${file}`]))).toBe(0);
  const pid = Number(readFileSync(file, "utf8"));
  const isLeft = () =>
    /^[^Z]/.test(spawnSync("ps", ["-o", "stat=", "-p", `${pid}`], { encoding: "utf8" }).stdout);
  await until(() => !isLeft());
});

test("while it runs, what is whole and at rest is saved; half of a JSON is not", async () => {
  const file = join(folder, "state.json");
  const child = exec(
    ["sh", "-c", `while [ ! -e ${folder}/end ]; do sleep 0.1; done`],
    [...OFTEN, "--state-file", file],
  );
  await until(async () => (await show()).lease);
  writeFileSync(file, '{"n": 1');
  await sleep(3000);
  expect((await show()).version).toBe(0);
  writeFileSync(file, '{"n": 1}');
  await until(async () => (await show()).version === 1);
  expect(await state()).toBe('{"n": 1}');
  expect((await show()).contentType).toBe("application/json");
  writeFileSync(file, '{"n": 2');
  writeFileSync(join(folder, "end"), "");
  expect(await codeOf(child)).toBe(0);
  expect(await state()).toBe('{"n": 1}');
});

test("what changes all the time is saved when it rests", async () => {
  const file = join(folder, "state");
  const busy = `n=0; while [ ! -e ${folder}/rest ]; do n=$((n + 1)); echo $n > "$CAIRN_STATE_FILE"; sleep 0.02; done`;
  const idle = `while [ ! -e ${folder}/end ]; do sleep 0.1; done`;
  const child = exec(["sh", "-c", `${busy}; ${idle}`], [...OFTEN, "--look", "0.3", "--state-file", file]);
  await until(() => existsSync(file));
  await sleep(2000);
  expect((await show()).version).toBe(0);
  writeFileSync(join(folder, "rest"), "");
  await until(async () => (await show()).version === 1);
  expect(await state()).toBe(readFileSync(file, "utf8"));
  writeFileSync(join(folder, "end"), "");
  expect(await codeOf(child)).toBe(0);
  expect((await show()).version).toBe(1);
});

test("what the policy does not find worth it is saved at the end only", async () => {
  const file = join(folder, "state");
  const loop = ["sh", "-c", `while [ ! -e ${folder}/end ]; do sleep 0.1; done`];
  const child = exec(loop, ["--pipeline", "job", "--strategy", "never", "--state-file", file]);
  await until(async () => (await show()).lease);
  writeFileSync(file, "once");
  await until(() => service.seen.some(({ path }) => path.endsWith("/evaluate")));
  await sleep(2500);
  expect(service.seen.filter(({ path }) => path.endsWith("/evaluate"))).toHaveLength(1);
  expect((await show()).version).toBe(0);
  writeFileSync(join(folder, "end"), "");
  expect(await codeOf(child)).toBe(0);
  expect(await state()).toBe("once");
});

/** Each of 30 steps appends its number to a file, its only effect, and then to its state. */
const STEPS = 30;
const PYTHON = `
import json, os, sys, time
path, effects = os.environ["CAIRN_STATE_FILE"], sys.argv[1]
done = json.load(open(path))["done"] if os.path.exists(path) else []
for step in range(len(done), ${STEPS}):
    with open(effects, "a") as file: file.write(f"{step}\\n")
    time.sleep(0.2)
    done.append(step * step)
    with open(path + ".new", "w") as file: json.dump({"done": done}, file)
    os.rename(path + ".new", path)
print("sum", sum(done))`;
const SHELL = `
done=0; sum=0
[ -e "$CAIRN_STATE_FILE" ] && read -r done sum < "$CAIRN_STATE_FILE"
while [ "$done" -lt ${STEPS} ]; do
  echo "$done" >> "$1"
  sleep 0.2
  sum=$((sum + done * done)); done=$((done + 1))
  echo "$done $sum" > "$CAIRN_STATE_FILE.new" && mv "$CAIRN_STATE_FILE.new" "$CAIRN_STATE_FILE"
done
echo "sum $sum"`;

describe.each([
  ["Python", "state.json", ["python3", "-c", PYTHON]],
  ["a shell", "state", ["sh", "-c", SHELL, "sh"]],
])("a script of %s", (_, name, script) => {
  test("killed with its command time after time, it goes on from its own file, to the right end", async () => {
    const effects = join(folder, "effects");
    const options = [...OFTEN, "--ttl", "2", "--look", "0.05", "--state-file"];
    const run = () => exec([...script, effects], [...options, join(temporaryFolder(), name)]);
    let kills = 0;
    for (; kills < 10; kills++) {
      const child = run();
      const { version } = await show().catch(() => ({ version: 0 }));
      // A file of its own each time: what it goes on from can only be what was saved.
      await until(async () => ((await show()).version ?? 0) > (version ?? 0) || child.exitCode !== null);
      if (child.exitCode !== null) break;
      child.kill("SIGKILL");
      await codeOf(child);
      const lines = () => (existsSync(effects) ? readFileSync(effects, "utf8") : "");
      const atKill = lines();
      await sleep(600);
      // The program went with it, and what it had started: at most the step under way is still written.
      expect(lines().length - atKill.length).toBeLessThanOrEqual(3);
    }
    expect(kills).toBe(10);
    const last = run();
    expect(await codeOf(last)).toBe(0);
    expect(last.said()).toContain(
      `sum ${Array.from({ length: STEPS }, (_, n) => n * n).reduce((a, b) => a + b)}`,
    );
    const steps = readFileSync(effects, "utf8").trim().split("\n").map(Number);
    expect(new Set(steps).size).toBe(STEPS);
    expect(await show()).toMatchObject({ status: "completed", lease: null });
  }, 240_000);

  test("told to end, it is, and its last state is saved", async () => {
    const effects = join(folder, "effects");
    const child = exec([...script, effects], [...OFTEN, "--state-file", join(folder, name), "--look", "60"]);
    await until(() => existsSync(effects) && readFileSync(effects, "utf8").split("\n").length > 4);
    child.kill("SIGTERM");
    expect(await codeOf(child)).toBe(143);
    expect(await state()).toBe(readFileSync(join(folder, name), "utf8"));
    expect(await show()).toMatchObject({ status: "running", lease: { ttlSeconds: 1 }, version: 1 });
  });
});

test("whoever loses the lease has its program stopped, and saves nothing more", async () => {
  const file = join(folder, "state");
  const program = ["sh", "-c", `while :; do date +%N >> ${folder}/beats; sleep 0.1; done`];
  const child = exec(program, [...OFTEN, "--state-file", file]);
  await until(() => existsSync(join(folder, "beats")));
  const taken = await cairn(["rollback", "job", "--force"], { CAIRN_URL: service.url });
  // There is no checkpoint to go back to: the lease is taken by what may be done without one.
  expect(taken.status).toBe(1);
  const forced = await fetch(`${service.url}/v1/pipelines/job?force=true`, { method: "DELETE" });
  expect(forced.status).toBe(204);
  writeFileSync(file, "too late");
  expect(await codeOf(child)).toBe(1);
  expect(child.said()).toContain("(fence_lost)");
  const beats = readFileSync(join(folder, "beats"), "utf8");
  await sleep(500);
  expect(readFileSync(join(folder, "beats"), "utf8")).toBe(beats);
  expect((await fetch(`${service.url}/v1/pipelines/job`)).status).toBe(404);
});

test("when the service is gone, the program is before its lease is another's, whatever it does about SIGTERM", async () => {
  const child = exec(["sh", "-c", `trap '' TERM; while :; do date +%N >> ${folder}/beats; sleep 0.1; done`]);
  await until(() => existsSync(join(folder, "beats")));
  service.stop();
  expect(await codeOf(child)).toBe(1);
  expect(child.said()).toContain("(fence_lost)");
  const beats = readFileSync(join(folder, "beats"), "utf8");
  await sleep(500);
  expect(readFileSync(join(folder, "beats"), "utf8")).toBe(beats);
});

test("of two, one works and the other waits, or leaves", async () => {
  const hold = ["sh", "-c", `while [ ! -e ${folder}/end ]; do sleep 0.1; done`];
  const first = exec(hold);
  await until(async () => (await show()).lease);
  const second = exec(["sh", "-c", "echo ran"], [...OFTEN, "--wait", "0"]);
  expect(await codeOf(second)).toBe(1);
  expect(second.said()).toMatch(/\(lease_held\)/);
  expect(second.said()).not.toContain("ran");
  const third = exec(["sh", "-c", "exit 5"], [...OFTEN, "--wait", "60"]);
  await sleep(1000);
  expect(third.exitCode).toBeNull();
  writeFileSync(join(folder, "end"), "");
  expect(await codeOf(first)).toBe(0);
  // It has waited for what is completed by now.
  expect(await codeOf(third)).toBe(1);
  expect(third.said()).toContain("(invalid_transition)");
});
