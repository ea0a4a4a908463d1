import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureProgram } from "../../src/cli/local/install.ts";
import { endServer, freePort, startServer } from "../../src/cli/local/server.ts";

/** One series of an answer: its labels, and its value now. */
export interface Answered {
  labels: Record<string, string>;
  value: number;
}

export interface PrometheusServer {
  /** @throws Error with what Prometheus says of an expression that it does not take */
  query(expression: string): Promise<Answered[]>;
  stop(): Promise<void>;
}

/** Debian's Prometheus on a free port of 127.0.0.1, which scrapes a service every second; installs it when missing. */
export async function startPrometheus(target: { port: number; key: string }): Promise<PrometheusServer> {
  ensureProgram("prometheus");
  const folder = mkdtempSync(join(tmpdir(), "cairn-prometheus-"));
  writeFileSync(join(folder, "cairn.key"), target.key);
  writeFileSync(join(folder, "prometheus.yml"), configuration(folder, target.port));
  const port = await freePort();
  const args = [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server = await startServer("prometheus", args, "Server is ready to receive web requests");
  return {
    async query(expression) {
      const body = new URLSearchParams({ query: expression });
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query`, { method: "POST", body });
      const { status, data, error } = (await response.json()) as Reply;
      if (status !== "success") throw new Error(`${expression}: ${error}`);
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async stop() {
      await endServer(server, "SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The configuration that docs/monitoring.md shows, of a service on this machine. */
function configuration(folder: string, port: number): string {
  const page = readFileSync(new URL("../../docs/monitoring.md", import.meta.url), "utf8");
  const shown = /```yaml\n(.*?)```/s.exec(page)![1]!;
  return shown
    .replace("cairn.example.com", `127.0.0.1:${port}`)
    .replace("/etc/prometheus/cairn.key", join(folder, "cairn.key"))
    .replace("https", "http")
    .replace("30s", "1s");
}

interface Reply {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [time: number, value: string] }[] };
}
