import { resolve } from "node:path";

/** A reason not to start that the user can do something about: printed as it is, without a stack. */
export class StartError extends Error {
  override name = "StartError";
}

export interface LocalSettings {
  /** Address to listen on. */
  host: string;
  /** TCP port; 0 lets the system choose. */
  port: number;
  /** Absolute path of the folder that holds everything stored. */
  dataFolder: string;
  /** Variables the Worker sees. */
  bindings: Record<string, string>;
}

type Environment = Record<string, string | undefined>;

/**
 * Reads what `npm start` is told by the environment: `PORT`, `HOST`, `CAIRN_DATA`, and every other
 * `CAIRN_*` variable, which the Worker gets as it is.
 *
 * @throws StartError for a bad PORT, and for a HOST other than loopback without API keys
 */
export function readSettings(env: Environment): LocalSettings {
  const host = parseHost(env.HOST);
  if (!isLoopback(host) && !env.CAIRN_API_KEYS?.trim()) {
    throw new StartError(
      `HOST=${host} would open Cairn to the network without a key. ` +
        `Set CAIRN_API_KEYS, or leave HOST out to listen on 127.0.0.1 only.`,
    );
  }
  const dataFolder = resolve(env.CAIRN_DATA || ".cairn");
  return { host, port: parsePort(env.PORT), dataFolder, bindings: workerBindings(env) };
}

function parsePort(text = ""): number {
  if (text === "") return 8787;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new StartError(`PORT must be a number from 0 to 65535 (0: any free port), not "${text}".`);
  }
  return Number(text);
}

function parseHost(text = ""): string {
  // "localhost" may mean ::1, 127.0.0.1 or both; a server listens on one address.
  return text === "" || text === "localhost" ? "127.0.0.1" : text;
}

function isLoopback(host: string): boolean {
  return host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function workerBindings(env: Environment): Record<string, string> {
  // R2 takes one write a second to a key. The local emulator has no such limit, so nothing waits for it.
  const bindings: Record<string, string> = { CAIRN_R2_MIN_COMMIT_SECONDS: "0" };
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith("CAIRN_") && name !== "CAIRN_DATA" && value) bindings[name] = value;
  }
  return bindings;
}
