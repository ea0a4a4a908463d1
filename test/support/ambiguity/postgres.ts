import { postgresBackend } from "../../../src/backends/postgres/index.ts";
import type { StorageBackend } from "../../../src/backends/types.ts";
import { type Rig, startRig } from "../../backends/postgres-rig.ts";
import { type Course, startRelay } from "../relay.ts";
import { type Disturbed, TENANT } from "./trial.ts";
import { watchCommits } from "./watch.ts";

/** After which a client gives up where a commit comes late; elsewhere nobody has to. */
const PATIENCE_SECONDS = 1.5;

export interface AmbiguityRig {
  disturbed(course: Course | "5xx"): Disturbed;
  stop(): Promise<void>;
}

/** A Postgres behind a relay, over TCP or with Neon's HTTP in front. */
export async function startAmbiguity(kind: "tcp" | "neon"): Promise<AmbiguityRig> {
  // Every trial has a client, and so a connection, of its own.
  const rig = await startRig({ max_connections: "300" });
  const relay = kind === "tcp" ? rig.relay : await startRelay(Number(new URL(rig.neon.endpoint).port));
  relay.lateBy = () => PATIENCE_SECONDS * 1000 + Math.random() * (Math.random() < 0.5 ? 20 : 300);
  return {
    disturbed(course) {
      const { look: lookAt, ...watched } = watchCommits();
      const look = (request: Buffer | string) => lookAt(committing(request));
      rig.neon.fault = course === "5xx" ? (text) => (look(text) ? 502 : null) : null;
      relay.mode = course === "5xx" ? "pass" : (packet) => (look(packet) ? course : "pass");
      return {
        ...watched,
        direct: rig.direct,
        open: async () => open(rig, kind, relay.port, course === "late" ? PATIENCE_SECONDS : 20),
        settled: () => relay.settled(),
      };
    },
    async stop() {
      if (kind === "neon") await relay.stop();
      await rig.stop();
    },
  };
}

/** The pipeline that a request commits on: its first packet holds the statement and the start of the commit. */
function committing(request: Buffer | string): string | null {
  const text = request.toString("latin1");
  if (!text.includes("cairn.commit_v3") || !text.includes(TENANT)) return null;
  return /pipelineId\\*":\\*"(p\d+)/.exec(text)?.[1] ?? null;
}

function open(rig: Rig, kind: "tcp" | "neon", port: number, timeoutSeconds: number): StorageBackend {
  if (kind === "tcp") return rig.relayed({ timeoutSeconds, poolSize: 1 });
  const url = Object.assign(new URL(rig.neon.url), { port: String(port) }).href;
  return postgresBackend({
    transport: "neon",
    url,
    endpoint: `http://127.0.0.1:${port}/sql`,
    timeoutSeconds,
  });
}
