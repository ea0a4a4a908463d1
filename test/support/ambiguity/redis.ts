import { saving } from "../../../src/backends/contract/support.ts";
import { redisOver } from "../../../src/backends/redis/backend.ts";
import { redisBackend } from "../../../src/backends/redis/index.ts";
import { tcpTransport } from "../../../src/backends/redis/tcp.ts";
import { upstashTransport } from "../../../src/backends/redis/upstash.ts";
import type { StorageBackend } from "../../../src/backends/types.ts";
import { startRedis } from "../../../src/cli/local/redis.ts";
import { startUpstash, type UpstashServer } from "../../../src/cli/local/upstash.ts";
import { type Course, type Relay, startRelay } from "../relay.ts";
import { type Disturbed, TENANT } from "./trial.ts";
import { watchCommits } from "./watch.ts";

/** After which a client gives up where a commit comes late; elsewhere nobody has to. */
const PATIENCE_SECONDS = 1.5;
const WARM = { tenant: "warm", pipelineId: "p" };

interface Line {
  relay: Relay;
  upstash: UpstashServer | null;
  direct: StorageBackend;
}

export interface AmbiguityRig {
  /** The store, where this becomes of commits; `resends`: how often the REST client sends again by itself. */
  disturbed(course: Course | "5xx", resends?: number): Disturbed;
  stop(): Promise<void>;
}

/** A Redis behind a relay, over TCP or with Upstash's REST in front, which knows the scripts already. */
export async function startAmbiguity(kind: "tcp" | "upstash"): Promise<AmbiguityRig> {
  const redis = await startRedis({ appendfsync: "no" });
  const upstash = kind === "upstash" ? await startUpstash(redis.url, "secret") : null;
  const relay = await startRelay(upstash?.port ?? redis.port);
  // Half of what comes late comes while the client reads back or sends again.
  relay.lateBy = () => PATIENCE_SECONDS * 1000 + Math.random() * (Math.random() < 0.5 ? 20 : 300);
  const direct = redisBackend({ transport: "tcp", url: redis.url });
  await direct.commit([await saving(WARM, 0, "warm")]);
  await direct.load(WARM);
  return {
    disturbed: (course, resends = 0) => disturbedBy({ relay, upstash, direct }, course, resends),
    async stop() {
      await direct.close();
      await relay.stop();
      await upstash?.stop();
      await redis.stop();
    },
  };
}

/** Disturbs, once each, the pipelines that were named: in the relay, or by what the REST front answers. */
function disturbedBy(line: Line, course: Course | "5xx", resends: number): Disturbed {
  const { relay, upstash, direct } = line;
  const { look: lookAt, ...watched } = watchCommits();
  const look = (request: Buffer | string) => lookAt(committing(request));
  relay.mode = "pass";
  if (upstash) upstash.fault = null;
  if (course !== "5xx") relay.mode = (packet) => (look(packet) ? course : "pass");
  else upstash!.fault = { status: 502, body: '{"error":"ERR upstream"}', match: look };
  return {
    ...watched,
    direct,
    open: () => open(line, course === "late" ? PATIENCE_SECONDS : 10, resends),
    sends: course === "drop" || course === "5xx" ? 1 : 3,
    settled: () => relay.settled(),
  };
}

/** The pipeline that a request commits on; the request is RESP or JSON, and its first packet says it. */
function committing(request: Buffer | string): string | null {
  const text = request.toString("latin1");
  const isCommit = text.includes('"create"') || text.includes("\r\ncreate\r\n");
  return isCommit ? (new RegExp(`\\{${TENANT}:(p\\d+)\\}:head`).exec(text)?.[1] ?? null) : null;
}

async function open(
  { relay, upstash }: Line,
  commandTimeoutSeconds: number,
  resends: number,
): Promise<StorageBackend> {
  const { port } = relay;
  const url = `http://127.0.0.1:${port}`;
  const transport = upstash
    ? upstashTransport({ url, token: upstash.token, commandTimeoutSeconds, resends })
    : tcpTransport({ port, commandTimeoutSeconds });
  const backend = redisOver(transport);
  await backend.load(WARM).catch(() => {});
  return backend;
}
