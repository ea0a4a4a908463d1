import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { ensureProgram } from "../../src/cli/local/install.ts";
import { startService } from "../client/service.ts";
import { EXPECTED } from "./expected.ts";
import { exampleFolder, follow, typeProblems } from "./follow.ts";
import { allSections, sectionsOf } from "./pages.ts";

const sections = allSections();
const isRun = ({ noRun }: { noRun: string | null }) => noRun === null;

async function folder(): Promise<string> {
  const path = await exampleFolder();
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Follows a section beside a service of its own. */
async function tryOut(section: (typeof sections)[number]): Promise<void> {
  const service = await startService();
  const { before, more, after } = EXPECTED[section.name] ?? {};
  const env = (await before?.(service)) ?? {};
  const said = await follow(section, { folder: await folder(), url: service.url, env }, more);
  await after?.(said, service);
}

test.each(sections.filter(({ blocks }) => blocks.some(isRun)))("$name does what it says", async (section) => {
  ensureProgram("curl");
  ensureProgram("python3");
  await tryOut(section);
});

test("the TypeScript of the documentation is right", async () => {
  expect(await typeProblems(sections, await folder())).toBe("");
});

const notRun = sections.flatMap(({ name, blocks }) =>
  blocks.filter((block) => !isRun(block)).map((block) => ({ ...block, name })),
);

test.each(notRun.filter(({ language }) => language === "sh"))(
  "$name is not run ($noRun), but parses",
  ({ code }) => {
    execFileSync("bash", ["-n", "-c", code]);
  },
);

test("what needs an account is this, and nothing else", () => {
  const needs = notRun.filter(({ noRun }) => noRun === "needs an account").map(({ name }) => name);
  expect(needs).toEqual(["docs/operations.md#Deploy", "docs/operations.md#Request rates"]);
});

test("nothing is expected of a section that is not there", () => {
  const names = sections.map(({ name }) => name);
  expect(Object.keys(EXPECTED).filter((name) => !names.includes(name))).toEqual([]);
});

/** A page with one block. */
const page = (info: string, code: string) =>
  sectionsOf("page.md", `# A page\n\n\`\`\`${info}\n${code}\n\`\`\`\n`);

test.each([
  ["sh", "curl http://127.0.0.1:8787/v1/pipelines/missing"],
  ["sh", "false\ntrue"],
  ["sh", "npx cairn show missing"],
  ["ts", 'import { Cairn } from "cairn/client";\nnew Cairn({ url: "no URL" });'],
  ["python", "import there_is_none"],
])("a wrong example is caught: %s, %s", async (info, code) => {
  await expect(tryOut(page(info, code)[0]!)).rejects.toThrow("Command failed");
});

test("a wrong type is caught, and a block that is neither run nor excused", async () => {
  const wrong = page(
    "ts",
    'import { Cairn } from "cairn/client";\nnew Cairn({ uri: "https://example.com" });',
  );
  expect(await typeProblems(wrong, await folder())).toContain("'uri' does not exist");
  for (const info of ["bash", "sh no-run", "ts no-run: ", "js"]) expect(() => page(info, "1")).toThrow(info);
  expect(page("json", "{}")).toEqual([]);
});
