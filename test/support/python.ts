import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ensureProgram } from "../../src/cli/local/install.ts";

/** The blocks of Python in a page of the documentation, in their order. */
export function pythonOf(page: string): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  return [...text.matchAll(/```python[^\n]*\n(.*?)```/gs)].map(([, block]) => block!);
}

/** Runs code, and answers what it writes. */
export function runPython(code: readonly string[], input: Uint8Array): Uint8Array<ArrayBuffer> {
  ensureProgram("python3");
  const options = { input, maxBuffer: 64 * 1024 * 1024 };
  return new Uint8Array(execFileSync("python3", ["-c", code.join("\n")], options));
}
