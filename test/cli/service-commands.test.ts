import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory.ts";
import { createApp } from "../../src/http/app.ts";
import { parseApiKeys } from "../../src/http/auth.ts";
import { watched } from "../../src/monitoring/alerts.ts";
import { sweeper } from "../../src/recovery/sweep/sweeper.ts";
import { createCore } from "../../src/state/core.ts";
import { damageable } from "../backends/damageable.ts";
import { serveApp, startService } from "../client/service.ts";
import { launch, startService as startProcess, temporaryFolder } from "../runtime/service.ts";
import { cairn, environment, root } from "./run.ts";

/** The JSON that a command prints; it must end well. */
async function ask(words: string[], env: Record<string, string>) {
  const { status, stdout, stderr } = await cairn([...words, "--json"], env);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

test("a pipeline is looked at, gone back, recovered, forked, resumed and verified", async () => {
  // The whole of it: workerd over R2, in a process of its own.
  const { url } = await startProcess({ CAIRN_DATA: temporaryFolder() });
  const env = { CAIRN_URL: url };
  const target = `${url}/v1/pipelines/nightly`;
  // Where this stays, a change is shorter than all of it.
  const rest = { note: "x".repeat(300) };
  const save = (n: number) =>
    fetch(`${target}/state?checkpoint=always&label=step-${n}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...rest, n, done: Array(n).fill("x") }),
    });
  for (const n of [1, 2, 3]) await save(n);

  const listed = await cairn(["list", "--status", "running"], env);
  expect(listed.stdout).toMatch(/^PIPELINE +STATUS .*\nnightly +running +default +3 /);
  expect(await ask(["list", "--kind", "other"], env)).toEqual([]);
  expect((await cairn(["show", "nightly"], env)).stdout).toMatch(/^status +running$/m);
  expect(await ask(["show", "nightly"], env)).toMatchObject({ version: 3, checkpointCount: 3 });

  const [third, second] = await ask(["checkpoints", "nightly"], env);
  expect([third.label, second.label]).toEqual(["step-3", "step-2"]);
  expect(await ask(["checkpoints", "nightly", "--label", "step-2"], env)).toEqual([second]);
  expect((await cairn(["checkpoints", "nightly", "--limit", "2"], env)).stdout).toContain("--all shows them");
  const difference = await cairn(["diff", "nightly", second.checkpointId], env);
  expect(difference.stdout).toMatch(/^replace +\/n +3$/m);
  expect(await ask(["diff", "nightly", third.checkpointId, second.checkpointId], env)).toMatchObject({
    patch: [
      { op: "replace", path: "/n", value: 2 },
      { op: "remove", path: "/done/2" },
    ],
  });

  expect(await ask(["rollback", "nightly"], env)).toMatchObject({
    version: 4,
    checkpointId: second.checkpointId,
  });
  const parts = ["recover", "nightly", "--checkpoint", third.checkpointId, "--select", "/n"];
  expect(await ask(parts, env)).toMatchObject({ version: 5 });
  expect(await (await fetch(`${target}/state`)).json()).toEqual({ ...rest, n: 3, done: ["x", "x"] });
  const forked = await cairn(["fork", "nightly", "copy", "--checkpoint", second.checkpointId], env);
  expect(forked.stdout).toContain(`copy: begins with checkpoint ${second.checkpointId} of nightly`);

  const output = join(temporaryFolder(), "state.json");
  const resumed = await ask(["resume", "nightly", "--owner", "me", "--ttl", "600", "-o", output], env);
  expect(resumed).toMatchObject({ owner: "me", version: 5, attempt: expect.any(Number) });
  expect(JSON.parse(await readFile(output, "utf8"))).toEqual({ ...rest, n: 3, done: ["x", "x"] });
  const held = await cairn(["rollback", "nightly"], env);
  expect(held).toMatchObject({ status: 1, stderr: expect.stringMatching(/\(lease_held\)\n.*--fence/) });
  expect(await ask(["rollback", "nightly", "--fence", String(resumed.fence)], env)).toMatchObject({
    version: 6,
  });
  expect(await ask(["rollback", "nightly", "--force"], env)).toMatchObject({ version: 7 });

  const verified = await cairn(["verify", "nightly"], env);
  expect(verified).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^(\d+) of \1 checkpoints verify\.\n$/),
  });
  expect(await ask(["verify", "nightly", second.checkpointId], env)).toMatchObject([
    { valid: true, problems: [] },
  ]);
  expect(await ask(["sweep"], env)).toMatchObject({ due: expect.any(Number) });
});

test("metrics are shown for people, for programs and for Prometheus", async () => {
  const service = await startService();
  const env = { CAIRN_URL: service.url };
  const empty = (await cairn(["metrics"], env)).stdout;
  expect(empty).toMatch(/^pipelines +none$/m);
  expect(empty).toMatch(/^recoverySuccessRate +-$/m);
  await service.client().pipeline("nightly").save({ n: 1 }, { checkpoint: "always" });
  const { stdout } = await cairn(["metrics"], env);
  expect(stdout).toMatch(/^pipelines +1 running$/m);
  expect(stdout).toMatch(/^p99CheckpointSeconds +[\d.e-]{1,9}$/m);
  expect(stdout).toMatch(/^bytesByBackend +\d+ memory$/m);
  const told = await (await fetch(`${service.url}/v1/metrics`)).json();
  expect(Object.keys(await ask(["metrics"], env))).toEqual(Object.keys(told as object));
  const scraped = await cairn(["metrics", "--prometheus"], env);
  expect(scraped.stdout).toMatch(/^cairn_operations_total\{.*operation="saveState".*\} 1$/m);
});

test("an alert that fires is shown, and ends alerts with 1", async () => {
  const core = createCore({ backend: memoryBackend() });
  const sweep = watched(core, sweeper(core), { thresholds: { interruptedPipelines: -1 } });
  const service = await serveApp(createApp({ core, keys: null, sweep }));
  onTestFinished(service.stop);
  const env = { CAIRN_URL: service.url };
  const before = await cairn(["alerts"], env);
  expect(before).toMatchObject({ status: 0, stdout: expect.stringMatching(/^ALERT .*No sweep has looked/s) });
  await ask(["sweep"], env);
  const after = await cairn(["alerts"], env);
  expect(after.stdout).toMatch(/^interruptedPipelines +firing +0 +-1 +20.*\nLooked at: 20/ms);
  expect(after.status).toBe(1);
});

test("what is damaged ends verify with 1, and is named", async () => {
  const { backend, damage } = damageable(memoryBackend());
  const service = await serveApp(createApp({ core: createCore({ backend }), keys: null }));
  onTestFinished(service.stop);
  const nightly = service.client().pipeline("nightly");
  const ids: string[] = [];
  for (const n of [1, 2]) {
    const { checkpoint } = await nightly.save({ n }, { checkpoint: "always" });
    ids.push(checkpoint!.checkpointId);
  }
  const key = { tenant: "local", pipelineId: "nightly" };
  await damage(key, (await backend.checkpoint(key, ids[1]!))!.frame, "flip");
  const { status, stdout } = await cairn(["verify", "nightly"], { CAIRN_URL: service.url });
  expect(status).toBe(1);
  expect(stdout).toMatch(new RegExp(`^Damaged: ${ids[1]} \\(.+\\)\\.\n1 of 2 checkpoints verify\\.\n$`));
});

test("a key that `keys create` made opens its tenant, as far as its scopes go", async () => {
  const made = await cairn(["keys", "create", "--tenant", "acme", "--scopes", "read", "--json"]);
  const { key, entry } = JSON.parse(made.stdout);
  expect(entry.sha256).toBe(createHash("sha256").update(key).digest("hex"));
  const keys = parseApiKeys(JSON.stringify([entry]));
  const service = await serveApp(createApp({ core: createCore({ backend: memoryBackend() }), keys }));
  onTestFinished(service.stop);
  const place = ["--url", service.url];
  expect(await cairn(["list", ...place, "--api-key", key])).toMatchObject({
    status: 0,
    stdout: "No pipelines.\n",
  });
  const refused = await cairn(["fork", "a", "b", ...place], { CAIRN_API_KEY: key });
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/\(forbidden\)\n.*--scopes/) });
  const unknown = await cairn(["list", ...place, "--json"]);
  expect(JSON.parse(unknown.stderr).error).toMatchObject({
    code: "unauthorized",
    advice: expect.stringContaining("CAIRN_API_KEY"),
  });
  for (const { stderr } of [refused, unknown]) expect(stderr).not.toContain(key);
});

test("says what is wrong, and what to do", async () => {
  const { url } = await startService();
  const wrong = async (status: number, text: string | RegExp, ...words: string[]) =>
    expect(await cairn(words, { CAIRN_URL: url })).toMatchObject({
      status,
      stderr: expect.stringMatching(text),
    });
  await wrong(2, "which PIPELINE", "show");
  await wrong(2, "PIPELINE is 1 to 128", "show", "../x");
  await wrong(2, "CHECKPOINT is a UUIDv7", "verify", "a", "b");
  await wrong(2, 'what is "b" for', "show", "a", "b");
  await wrong(2, "--limit is a whole number", "list", "--limit", "0");
  await wrong(2, "--label is name=value", "list", "--label", "a");
  await wrong(2, "Unknown option '--wrong'", "show", "a", "--wrong");
  await wrong(2, "the one thing to do", "keys", "delete");
  await wrong(2, "scopes", "keys", "create", "--tenant", "a", "--scopes", "all");
  await wrong(2, "url must be", "show", "a", "--url", "ftp://x");
  await wrong(2, 'no command "constructor"', "constructor");
  await wrong(1, /no such pipeline\. \(not_found\)\n.*cairn list/, "show", "a");
  await wrong(1, /did not answer.*\(backend_unavailable\)\n/, "show", "a", "--url", "http://127.0.0.1:1");
  await wrong(1, /status/, "list", "--status", "asleep");
});

test("`dev` is the service, until it is stopped", async () => {
  const service = await launch([process.execPath, "src/cli/cairn.ts", "dev"], {
    CAIRN_DATA: temporaryFolder(),
  });
  if ("errors" in service) throw new Error(service.errors);
  expect(await ask(["list"], { CAIRN_URL: service.url })).toEqual([]);
  service.process.kill("SIGTERM");
  expect(await service.ended).toBe(0);
  const wrong = await launch([process.execPath, "src/cli/cairn.ts", "dev", "--backend", "x"], {});
  expect(wrong).toMatchObject({ code: 1, errors: expect.stringContaining("object|postgres|redis") });
});

test("every command has its help, and reads --json", async () => {
  const { stdout } = await cairn(["--help"]);
  const names = /Commands: ([^.]+)\./.exec(stdout)![1]!.split(", ");
  expect(names).toHaveLength(19);
  const helps = await Promise.all(names.map((name) => cairn([name, "--help"])));
  for (const [at, { status, stdout }] of helps.entries()) {
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringContaining(`Usage: cairn ${names[at]}`),
    });
    if (names[at] !== "dev") expect(stdout).toContain("--json");
  }
});

test("long work is told on a terminal, on a line that goes away; nowhere else", async () => {
  const service = await startService();
  const nightly = service.client().pipeline("nightly");
  for (const n of [1, 2]) await nightly.save({ n }, { checkpoint: "always" });
  const words = [process.execPath, "src/cli/cairn.ts", "verify", "nightly", "--url", service.url];
  // A real terminal: Python's standard library makes one.
  const script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))";
  const options = { cwd: root, env: environment() };
  const { stdout } = await promisify(execFile)("python3", ["-c", script, ...words], options);
  expect(stdout).toContain(
    "\r\u001b[K[##########..........] 1 of 2 verified\r\u001b[K2 of 2 checkpoints verify.",
  );
  expect((await cairn(words.slice(2))).stderr).toBe("");
});
