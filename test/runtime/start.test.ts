import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureProgram } from "../../src/cli/local/install.ts";
import { freePort } from "../../src/cli/local/server.ts";
import { welcome } from "../../src/cli/welcome.ts";
import {
  failToStart,
  isAlive,
  launch,
  type Service,
  startService,
  temporaryFolder,
  until,
  workerdsOf,
} from "./service.ts";

const timeout = 30_000;

async function save(service: Service, id: string, n: number): Promise<void> {
  const body = JSON.stringify({ n });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${service.url}/v1/pipelines/${id}/state`, { method: "PUT", headers, body });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** Saves 1, 2, 3… until the service is gone; answers the last number it acknowledged. */
async function saveUntilGone(service: Service, id: string): Promise<number> {
  for (let n = 1; ; n++) {
    try {
      await save(service, id, n);
    } catch {
      return n - 1;
    }
  }
}

async function read(service: Service, id: string): Promise<{ version: number; n: number }> {
  const answer = await fetch(`${service.url}/v1/pipelines/${id}/state`);
  const version = Number(answer.headers.get("etag")?.replaceAll('"', ""));
  return { version, ...((await answer.json()) as { n: number }) };
}

test("a SIGKILL takes workerd along and loses no acknowledged save", { timeout }, async () => {
  const settings = { CAIRN_DATA: temporaryFolder(), PORT: String(await freePort()) };
  const service = await startService(settings);
  const workers = workerdsOf(service.process.pid!);
  expect(workers.length).toBeGreaterThan(0);
  const ids = ["a", "b", "c"];
  const saving = Promise.all(ids.map((id) => saveUntilGone(service, id)));
  await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 700));

  service.process.kill("SIGKILL");
  expect(await service.ended).toBe("SIGKILL");
  await until(() => !workers.some(isAlive), 2000);
  const acknowledged = await saving;

  const successor = await startService(settings);
  expect(successor.url).toBe(service.url);
  for (const [index, id] of ids.entries()) {
    const found = await read(successor, id);
    expect(acknowledged[index]).toBeGreaterThan(0);
    // The save in flight when it was killed may have landed.
    expect([acknowledged[index], acknowledged[index]! + 1]).toContain(found.n);
    expect(found.version).toBe(found.n);
  }
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("%s ends it in order", { timeout }, async (signal) => {
  const service = await startService({ CAIRN_DATA: temporaryFolder() });
  const workers = workerdsOf(service.process.pid!);
  service.process.kill(signal);
  expect(await service.ended).toBe(0);
  expect(workers.filter(isAlive)).toEqual([]);
});

test("it ends with an error when workerd does", { timeout }, async () => {
  const service = await startService({ CAIRN_DATA: temporaryFolder() });
  for (const pid of workerdsOf(service.process.pid!)) process.kill(pid, "SIGKILL");
  expect(await service.ended).toBe(1);
});

test("it ends with the npm that started it", { timeout }, async () => {
  const settings = { CAIRN_DATA: temporaryFolder(), PORT: String(await freePort()) };
  const outcome = await launch(["npm", "start"], settings);
  if ("errors" in outcome) throw new Error(outcome.errors);
  outcome.process.kill("SIGKILL");
  const gone = () =>
    fetch(outcome.url).then(
      () => false,
      () => true,
    );
  await until(gone, 2000);
  await startService(settings);
});

test("one service to a folder, one to a port", { timeout }, async () => {
  const first = { CAIRN_DATA: temporaryFolder(), PORT: String(await freePort()) };
  await startService(first);
  const [folder, port] = await Promise.all([
    failToStart({ ...first, PORT: "0" }),
    failToStart({ ...first, CAIRN_DATA: temporaryFolder() }),
  ]);
  expect(folder).toEqual({ code: 1, errors: expect.stringContaining("Another npm start already runs on") });
  expect(port).toEqual({
    code: 1,
    errors: expect.stringContaining(`PORT=${Number(first.PORT) + 1} npm start`),
  });
});

test("it says what is wrong with its settings, without a stack", { timeout }, async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  const CAIRN_DATA = temporaryFolder();
  const failures = await Promise.all([
    failToStart({ CAIRN_DATA, PORT: "web" }),
    failToStart({ CAIRN_DATA, HOST: "0.0.0.0" }),
    failToStart({ CAIRN_DATA: join(file, "data") }),
    failToStart({ CAIRN_DATA, CAIRN_API_KEYS: "{not json" }),
  ]);
  const words = ["PORT must be a number", "HOST=0.0.0.0", "cannot be written", "CAIRN_API_KEYS"];
  for (const [index, { code, errors }] of failures.entries()) {
    expect(code).toBe(1);
    expect(errors).toContain(words[index]);
    expect(errors).not.toMatch(/^\s+at /m);
  }
});

test("Miniflare's own door to the bucket is shut", { timeout }, async () => {
  const CAIRN_DATA = temporaryFolder();
  const service = await startService({ CAIRN_DATA });
  await save(service, "a", 1);
  const bucket = readFileSync(join(CAIRN_DATA, "bucket"), "utf8");
  const answer = await fetch(`${service.url}/cdn-cgi/local/r2/public/${bucket}/`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
});

const key = "cairn-test-key";
const sha256 = createHash("sha256").update(key).digest("hex");
const CAIRN_API_KEYS = JSON.stringify([{ id: "k", tenant: "t", scopes: ["read", "write"], sha256 }]);

test.each([
  ["without keys", {}],
  ["with keys", { CAIRN_API_KEYS }],
])("the curl lines it prints work as they are, %s", { timeout }, async (_, bindings) => {
  ensureProgram("curl");
  const dataFolder = temporaryFolder();
  const { url } = await startService({ CAIRN_DATA: dataFolder, ...bindings });
  const lines = welcome({ url, data: "", bindings })
    .split("\n")
    .filter((line) => /^ *curl /.test(line));
  const script = lines.map((line) => `${line} -sf && echo`).join("\n");
  const output = execFileSync("sh", ["-e", "-c", script], { env: { ...process.env, CAIRN_KEY: key } });
  const [saved, state, checkpoint] = String(output)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(saved).toMatchObject({ pipelineId: "first", version: 1 });
  expect(state).toEqual({ step: 1, done: ["collect"] });
  expect(checkpoint).toMatchObject({ version: 1, label: "after collect" });
});
