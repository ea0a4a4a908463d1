import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "./children.ts";

export interface Service {
  url: string;
  /** SIGKILL of Node and of workerd, together; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Starts what `npm start` starts, on a folder.
 *
 * @param port 0 for any free one
 * @param settings variables of the service
 * @throws Error with what it said when it does not start
 */
export async function startService(
  folder: string,
  port: number,
  settings: Record<string, string> = {},
): Promise<Service> {
  const env = { ...withoutSettings(process.env), ...settings, PORT: String(port), CAIRN_DATA: folder };
  const child = startChild(["src/cli/dev.ts"], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] }, true);
  const end = (send: () => void) => async () => {
    send();
    await child.ended;
  };
  const url = await listening(child);
  return { url, kill: end(() => child.kill()), stop: end(() => child.process.kill("SIGTERM")) };
}

/** The service runs on its defaults, whatever this shell is set to. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith("CAIRN_") && name !== "HOST");
  // Having a parent to watch, it also ends when this process is killed.
  return { ...Object.fromEntries(kept), npm_lifecycle_event: "demo" };
}

async function listening(child: Child): Promise<string> {
  const address = new Promise<string>((resolve) => {
    createInterface({ input: child.process.stdout! }).on("line", (line) => {
      const url = /^Cairn listens on (\S+)$/.exec(line)?.[1];
      if (url) resolve(url);
    });
  });
  const url = await Promise.race([address, child.ended.then(() => null)]);
  if (url === null) throw new Error(`The service did not start:\n${child.errors()}`);
  return url;
}

/** What lies in the bucket's folder: bytes of objects, and of the index that the emulator keeps beside them. */
export function storedBytes(folder: string): { objects: number; index: number } {
  const r2 = join(folder, "r2");
  const files = readdirSync(r2, { recursive: true, encoding: "utf8" }).map((path) => join(r2, path));
  const sum = { objects: 0, index: 0 };
  for (const file of files) {
    // The service goes on and may have deleted it since.
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found?.isFile()) sum[file.includes(".sqlite") ? "index" : "objects"] += found.size;
  }
  return sum;
}
