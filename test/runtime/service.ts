import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { ensureProgram } from "../../src/cli/local/install.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Service {
  url: string;
  process: ChildProcess;
  /** Resolves with the exit code, or the signal's name. */
  ended: Promise<number | string>;
}

/** What a start that failed left behind. */
export interface Failure {
  code: number | string;
  errors: string;
}

/** A folder that goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cairn-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Runs the file behind `npm start` and waits until it listens. */
export async function startService(settings: Record<string, string>): Promise<Service> {
  const outcome = await launch([process.execPath, "src/cli/dev.ts"], settings);
  if ("errors" in outcome) throw new Error(`no start (${outcome.code}): ${outcome.errors}`);
  return outcome;
}

/** The same for a start that must fail. */
export async function failToStart(settings: Record<string, string>): Promise<Failure> {
  const outcome = await launch([process.execPath, "src/cli/dev.ts"], settings);
  if (!("errors" in outcome)) throw new Error(`it started on ${outcome.url}`);
  return outcome;
}

/** Starts a command that prints where it listens; resolves when it has, or when it ended. */
export async function launch(
  [command, ...args]: string[],
  settings: Record<string, string>,
): Promise<Service | Failure> {
  const { npm_lifecycle_event: _, ...inherited } = process.env;
  const env = { ...inherited, PORT: "0", ...settings };
  const child = spawn(command!, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  const url = await Promise.race([listeningUrl(child), ended]);
  return typeof url === "string" && url.startsWith("http")
    ? { url, process: child, ended }
    : { code: url, errors };
}

function listeningUrl(child: ChildProcess): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    child.stdout!.on("data", (chunk) => {
      text += chunk;
      const url = /^Cairn listens on (\S+)\n/m.exec(text)?.[1];
      if (url) resolve(url);
    });
  });
}

/** Process ids of the workerds that a process started, by `ps`. */
export function workerdsOf(pid: number): number[] {
  const rows = ps().filter((row) => row.parent === pid && row.command.endsWith("workerd"));
  return rows.map((row) => row.pid);
}

/** True while the process runs; one that ended and was not yet collected does not. */
export function isAlive(pid: number): boolean {
  return ps().some((row) => row.pid === pid && !row.state.startsWith("Z"));
}

function ps() {
  ensureProgram("ps", "procps");
  const text = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,comm="], { encoding: "utf8" });
  return text
    .trim()
    .split("\n")
    .map((row) => {
      const [pid, parent, state, command] = row.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state: state!, command: command! };
    });
}

/** Milliseconds until the condition holds; rejects after `limit` of them. */
export async function until(condition: () => boolean | Promise<boolean>, limit: number): Promise<number> {
  for (const start = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (await condition()) return Date.now() - start;
    if (Date.now() - start > limit) throw new Error(`not within ${limit} ms`);
  }
}
