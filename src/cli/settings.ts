import { resolve } from "node:path";
import { LOCAL_STORES } from "./local/stores.ts";

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
  /** What `--backend` names: the embedded default, or the store whose servers are started as well. */
  localStore: string | null;
}

type Environment = Record<string, string | undefined>;

/**
 * Reads what `npm start` is told: `--backend` by the command line; `PORT`, `HOST`, `CAIRN_DATA` by the
 * environment, and every other `CAIRN_*` and `OTEL_*` variable and those of the stores, which the Worker gets as they are.
 *
 * @throws StartError for unknown words, a bad PORT, and for a HOST other than loopback without API keys
 */
export function readSettings(env: Environment, words: readonly string[] = []): LocalSettings {
  const host = parseHost(env.HOST);
  if (!isLoopback(host) && !env.CAIRN_API_KEYS?.trim()) {
    throw new StartError(
      `HOST=${host} would open Cairn to the network without a key. ` +
        `Set CAIRN_API_KEYS, or leave HOST out to listen on 127.0.0.1 only.`,
    );
  }
  const dataFolder = resolve(env.CAIRN_DATA || ".cairn");
  const localStore = parseBackend(words);
  const bindings = workerBindings(env, localStore === null);
  return { host, port: parsePort(env.PORT), dataFolder, bindings, localStore };
}

function parseBackend(words: readonly string[]): string | null {
  if (words.length === 0) return null;
  const [, name] = /^--backend(?:=| )(\S*)$/.exec(words.join(" ")) ?? [];
  const stores = ["object", ...Object.keys(LOCAL_STORES)];
  if (name !== undefined && stores.includes(name)) return name;
  const known = stores.join("|");
  throw new StartError(`Usage: npm start [-- --backend ${known}], not "${words.join(" ")}".`);
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

/** Of the stores, by the names that their users know. */
const STORE_VARIABLE =
  /^(DATABASE_URL|UPSTASH_REDIS_REST_(URL|TOKEN)|REDIS_URL|AWS_(REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)|CAIRN_(BACKEND|POSTGRES|NEON|S3|DYNAMO)(_.*)?)$/;

/** @param stores whether the environment says which store: not where `--backend` does */
function workerBindings(env: Environment, stores: boolean): Record<string, string> {
  // R2 takes one write a second to a key. The local emulator has no such limit, so nothing waits for it.
  const bindings: Record<string, string> = { CAIRN_R2_MIN_COMMIT_SECONDS: "0" };
  for (const [name, value] of Object.entries(env)) {
    const ofStore = STORE_VARIABLE.test(name);
    const forWorker = ofStore ? stores : /^(CAIRN|OTEL)_/.test(name) && name !== "CAIRN_DATA";
    if (forWorker && value) bindings[name] = value;
  }
  return bindings;
}
