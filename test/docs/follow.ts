import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { environment, root } from "../cli/run.ts";
import type { Block, Section } from "./pages.ts";

const run = promisify(execFile);

/** Where examples find the service, as they are written. */
const WRITTEN = "http://127.0.0.1:8787";

/** What a terminal would show is one answer a line here, and a refusal ends the session. */
const SHELL = `set -e
curl() { command curl -sS --fail-with-body -w '\\n' "$@"; }
`;

const COMMANDS: Readonly<Record<string, (code: string) => [program: string, ...words: string[]]>> = {
  sh: (code) => ["bash", "-c", SHELL + code],
  ts: (code) => [process.execPath, "--input-type=module-typescript", "-e", code],
  python: (code) => ["python3", "-c", code],
};

/** A folder for examples, in this project: so `import "cairn"` and `npx cairn` find it as in a project that has it. */
export async function exampleFolder(): Promise<string> {
  await mkdir(join(root, "dist"), { recursive: true });
  return mkdtemp(join(root, "dist/docs-"));
}

/**
 * Does what a section says, one program after the other.
 *
 * @param more code after that of the last program
 * @returns what it printed
 * @throws when it fails
 */
export async function follow(
  { blocks }: Section,
  place: { folder: string; url: string; env?: Record<string, string> },
  more = "",
): Promise<string> {
  const programs = programsOf(blocks.filter(({ noRun }) => noRun === null));
  const options = { cwd: place.folder, env: environment({ CAIRN_URL: place.url, ...place.env }) };
  let said = "";
  for (const each of programs) {
    const code = each.code.replaceAll(WRITTEN, place.url) + (each === programs.at(-1) ? more : "");
    const [program, ...words] = COMMANDS[each.language]!(code);
    said += (await run(program, words, options)).stdout;
  }
  return said;
}

/** What TypeScript finds wrong with examples; empty: nothing. Those that are not run are looked at as well. */
export async function typeProblems(sections: readonly Section[], folder: string): Promise<string> {
  for (const { name, blocks } of sections) {
    for (const { language, code, line } of programsOf(blocks)) {
      // The name of a file is where to look.
      const file = `${name.replaceAll(/\W+/g, "-")}-${line}.ts`;
      if (language === "ts") await writeFile(join(folder, file), code);
    }
  }
  const compilerOptions = { noUnusedLocals: false, typeRoots: [join(root, "node_modules/@types")] };
  const config = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["*.ts"], exclude: [] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/.bin/tsc");
  return run(tsc, ["-p", folder], { cwd: folder }).then(
    () => "",
    ({ stdout }: { stdout: string }) => stdout,
  );
}

/** A block that begins with an import begins a program; any other goes on with the one before it in its language. */
function programsOf(blocks: readonly Block[]): Block[] {
  const programs: Block[] = [];
  for (const block of blocks) {
    const before = programs.findLast(({ language }) => language === block.language);
    if (before && !/^(import|from) /.test(block.code)) before.code += block.code;
    else programs.push({ ...block });
  }
  return programs;
}
