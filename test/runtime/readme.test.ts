import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ensureProgram } from "../../src/cli/local/install.ts";
import { startService, temporaryFolder } from "./service.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(`${root}/README.md`, "utf8");

/** The first block of that language below a heading. */
function block(heading: string, language: string): string {
  const section = readme.slice(readme.indexOf(`\n## ${heading}\n`));
  return section.split(`\`\`\`${language}\n`)[1]!.split("```")[0]!;
}

test("the session does what it says", async () => {
  ensureProgram("curl");
  const { url } = await startService({ CAIRN_DATA: temporaryFolder() });
  const session = block("A session", "sh").replace("http://127.0.0.1:8787", url);
  const script = `set -e\ncurl() { command curl -sS --fail-with-body -w '\\n' "$@"; }\n${session}`;
  const said = execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n");
  expect(said.map((line) => JSON.parse(line))).toMatchObject([
    { version: 1, checkpoint: { version: 1 } },
    { version: 2 },
    { done: ["collect", "train"] },
    { "/done/1": "train" },
    { fence: 1, version: 2, state: { done: ["collect", "train"] } },
    { version: 3 },
    { expiresAt: expect.any(String) },
    { version: 4, quarantined: [] },
    { data: expect.arrayContaining([expect.objectContaining({ type: "rolledBack" })]) },
    { status: "completed" },
  ]);
});

test("the commands do what they say", async () => {
  const { url } = await startService({ CAIRN_DATA: temporaryFolder() });
  for (const n of [1, 2]) {
    const init = { method: "PUT", headers: { "Content-Type": "application/json" }, body: `{"n":${n}}` };
    await fetch(`${url}/v1/pipelines/nightly/state?checkpoint=always`, init);
  }
  const session = block("From a shell", "sh").replace("http://127.0.0.1:8787", url);
  const said = execFileSync("bash", ["-c", `set -e\n${session}`], { encoding: "utf8", cwd: root });
  const [listed, rolledBack, swept] = said.trim().split("\n");
  expect(listed).toBe("No pipelines.");
  expect(rolledBack).toMatch(/^nightly: version 3 is checkpoint /);
  expect(JSON.parse(swept!)).toMatchObject({ interrupted: 0 });
});

test("the library's example runs, and gives back what was saved", () => {
  const example = block("In a process of your own", "ts");
  expect(example).toContain('"state"');
  const code = `${example.replace('"state"', JSON.stringify(temporaryFolder()))}\nconsole.log(JSON.stringify({ state, fence }));`;
  const said = execFileSync(process.execPath, ["--input-type=module-typescript", "-e", code], { cwd: root });
  expect(JSON.parse(said.toString())).toEqual({ state: { done: ["collect"] }, fence: 1 });
});
