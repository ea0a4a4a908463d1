import { CairnError } from "../../model/errors.ts";
import type { StorageBackend } from "../types.ts";
import { type RedisSettings, redisOver } from "./backend.ts";
import { type TcpTransportOptions, tcpTransport } from "./tcp.ts";
import { type UpstashTransportOptions, upstashTransport } from "./upstash.ts";

export type RedisOptions = RedisSettings &
  (
    | ({ transport: "upstash" } & Omit<UpstashTransportOptions, "resends">)
    | ({ transport: "tcp" } & TcpTransportOptions)
  );

/**
 * Pipelines in Redis, over Upstash's REST (edge) or TCP (Node). A Worker's bundle takes `redisOver` with
 * `upstashTransport` instead: it cannot hold the client for TCP.
 *
 * @throws CairnError `invalid_configuration`
 */
export function redisBackend(options: RedisOptions): StorageBackend {
  checkUrl(options);
  const transport = options.transport === "upstash" ? upstashTransport(options) : tcpTransport(options);
  return redisOver(transport, options);
}

function checkUrl({ transport, url }: RedisOptions): void {
  if (url === undefined && transport === "tcp") return;
  const protocols = transport === "tcp" ? ["redis:", "rediss:"] : ["https:", "http:"];
  if (url !== undefined && URL.canParse(url) && protocols.includes(new URL(url).protocol)) return;
  const detail = `The Redis URL for ${transport} must begin with ${protocols.join("// or ")}//.`;
  throw new CairnError("invalid_configuration", detail);
}
