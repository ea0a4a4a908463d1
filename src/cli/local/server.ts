import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { spawnTied, type TiedOptions } from "./tie.ts";

/** A port of 127.0.0.1 that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

/**
 * Starts a server that ends with this process, and waits until it says that it is ready.
 *
 * @param ready what its log says then
 * @throws Error with the end of its log, when it ended instead
 */
export function startServer(
  program: string,
  args: readonly string[],
  ready: string,
  options: TiedOptions = {},
): Promise<ChildProcess> {
  const server = spawnTied(program, args, options);
  let log = "";
  return new Promise((resolve, reject) => {
    const failed = (code: number | null, signal: NodeJS.Signals | null) =>
      reject(new Error(`${program} ended (${code ?? signal}):\n${log}`));
    const read = (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000);
      if (!log.includes(ready)) return;
      server.off("exit", failed);
      resolve(server);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("error", reject);
    server.once("exit", failed);
  });
}

/** Sends the signal, and waits until the server is gone. Safe to call twice. */
export async function endServer(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, "exit");
  server.kill(signal);
  await gone;
}
