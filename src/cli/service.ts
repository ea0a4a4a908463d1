import { Cairn } from "../client/cairn.ts";
import { cairnErrorOf } from "../verbs/errors.ts";
import { UsageError } from "./command.ts";

/** Where a service is, and the key for it: options of every command that calls one. */
export const SERVICE_OPTIONS = {
  url: { type: "string", default: process.env.CAIRN_URL ?? "" },
  "api-key": { type: "string", default: process.env.CAIRN_API_KEY ?? "" },
} as const;

export const SERVICE_HELP = `  --url        https://… of the service; default: CAIRN_URL
  --api-key    default: CAIRN_API_KEY, which other users of this machine do not see; none for a service on this
               machine that has no keys`;

const TIMEOUT_SECONDS = 120;

/** The service that the options name. @throws UsageError */
export function clientAt({ url, "api-key": key }: { url: string; "api-key": string }): Cairn {
  if (url === "") throw new UsageError("which service? Give --url, or set CAIRN_URL.");
  try {
    return new Cairn({ url, apiKey: key === "" ? undefined : key, timeoutSeconds: TIMEOUT_SECONDS });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** What the client throws, as the commands do. @throws CairnError */
export function asCairnError(thrown: unknown): never {
  throw cairnErrorOf(thrown);
}
