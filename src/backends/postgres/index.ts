import { CairnError } from "../../model/errors.ts";
import type { StorageBackend } from "../types.ts";
import { postgresOver } from "./backend.ts";
import { type NeonOptions, neonRunner } from "./neon.ts";
import { type PgliteOptions, pgliteRunner } from "./pglite.ts";
import type { Runner } from "./runner.ts";
import { type TcpOptions, tcpRunner } from "./tcp.ts";

export type PostgresOptions =
  | { runner: Runner }
  | ({ transport: "neon" } & NeonOptions)
  | ({ transport: "tcp" } & TcpOptions)
  | ({ transport: "pglite" } & PgliteOptions);

/**
 * Pipelines in Postgres: over Neon's HTTP, over TCP, or embedded. The client is loaded when it is first needed.
 * A Worker's bundle should rather take `postgresOver(neonRunner(…))`, which names no other client.
 *
 * @throws CairnError `invalid_configuration`
 */
export function postgresBackend(options: PostgresOptions): StorageBackend {
  return postgresOver(postgresRunner(options));
}

/** The runner by itself: what `migrate` takes. @throws CairnError `invalid_configuration` */
export function postgresRunner(options: PostgresOptions): Runner {
  if ("runner" in options) return options.runner;
  if ("url" in options) checkUrl(options.url);
  if ("endpoint" in options) checkEndpoint(options.endpoint);
  switch (options.transport) {
    case "neon":
      return neonRunner(options);
    case "tcp":
      return tcpRunner(options);
    case "pglite":
      return pgliteRunner(options);
  }
}

/** The clients' own messages would show the URL, with its password. */
function checkUrl(url: string): void {
  if (URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol)) return;
  throw new CairnError("invalid_configuration", "The database's URL must begin with postgres://.");
}

function checkEndpoint(endpoint: string): void {
  if (URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)) return;
  throw new CairnError("invalid_configuration", "Neon's endpoint must be a URL of http:// or https://.");
}
