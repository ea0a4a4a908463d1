import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** The environment of this process, without what would lead a command elsewhere. */
export function environment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { CAIRN_URL: _, CAIRN_API_KEY: __, ...inherited } = process.env;
  return { ...inherited, ...env };
}

/** Runs `cairn` in a process of its own. */
export function cairn(words: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const options = { cwd: root, env: environment(env) };
  return new Promise((resolve) => {
    execFile(process.execPath, ["src/cli/cairn.ts", ...words], options, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
