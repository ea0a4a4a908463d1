import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { startService, temporaryFolder } from "./service.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guide = readFileSync(`${root}/docs/operations.md`, "utf8");

/** Runs the commands below a heading; resolves with what they printed. */
function follow(heading: string, env: Record<string, string> = {}, after = ""): string {
  const section = guide.slice(guide.indexOf(`\n## ${heading}\n`));
  const commands = section.split("```sh\n")[1]!.split("```")[0]!;
  const options = { cwd: root, env: { ...process.env, ...env }, encoding: "utf8" } as const;
  return execFileSync("bash", ["-ec", `${commands}\n${after}`], options);
}

test("the hash of a key is what the service compares", () => {
  const [hash, key] = follow("Keys", {}, 'echo "$key"').trim().split("\n");
  expect(hash).toBe(createHash("sha256").update(key!).digest("hex"));
});

test("the schema is made", async () => {
  const server = await startPostgres();
  expect(follow("Schema", { DATABASE_URL: server.url })).toContain("Applied: 0001");
  expect(follow("Schema", { DATABASE_URL: server.url })).toContain("up to date");
  await server.stop();
});

test("a pipeline is backed up and restored", async () => {
  const { url } = await startService({ CAIRN_DATA: temporaryFolder() });
  const state = (id: string) => `${url}/v1/pipelines/${id}/state`;
  const headers = { "Content-Type": "application/json" };
  await fetch(`${state("nightly")}?checkpoint=always`, { method: "PUT", body: '{"done":[1]}', headers });
  const here = temporaryFolder();
  const commands = { CAIRN_URL: url, CAIRN_API_KEY: "" };
  follow("Back up and restore", commands, `mv nightly.cairn ${here}`);
  expect(await (await fetch(state("nightly-restored"))).text()).toBe('{"done":[1]}');
});
