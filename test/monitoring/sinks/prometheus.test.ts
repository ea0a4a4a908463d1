import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureProgram } from "../../../src/cli/local/install.ts";
import { endServer, freePort, startServer } from "../../../src/cli/local/server.ts";
import { serveHttp } from "../../../src/http/node-server.ts";
import { tokenOf } from "../../http/contract/keys.ts";
import { serviceWith } from "./service.ts";

/** The configuration that the page shows, of a service on this machine. */
function configuration(folder: string, port: number): string {
  const page = readFileSync(new URL("../../../docs/monitoring.md", import.meta.url), "utf8");
  const shown = /```yaml\n(.*?)```/s.exec(page)![1]!;
  const key = join(folder, "cairn.key");
  writeFileSync(key, tokenOf("reader"));
  const changes = { "/etc/prometheus/cairn.key": key, https: "http", "30s": "1s" };
  let text = shown.replace("cairn.example.com", `127.0.0.1:${port}`);
  for (const [from, to] of Object.entries(changes)) text = text.replace(from, to);
  return text;
}

/** Debian's Prometheus; ends with the test. */
async function startPrometheus(scraped: number): Promise<string> {
  ensureProgram("prometheus");
  const folder = mkdtempSync(join(tmpdir(), "cairn-prometheus-"));
  const config = join(folder, "prometheus.yml");
  writeFileSync(config, configuration(folder, scraped));
  const address = `127.0.0.1:${await freePort()}`;
  const files = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, "data")}`];
  const args = [...files, `--web.listen-address=${address}`];
  const server = await startServer("prometheus", args, "Server is ready to receive web requests");
  onTestFinished(async () => {
    await endServer(server, "SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  return `http://${address}`;
}

test("Debian's Prometheus scrapes the service by the configuration of the page, and answers the right numbers", async () => {
  const service = serviceWith({});
  for (let i = 0; i < 12; i++) await service.save(`p${i}`);
  for (let i = 0; i < 5; i++) await service.request("GET", `/v1/pipelines/none-${i}/state`);
  for (let i = 0; i < 7; i++) await service.save(`p${i}`, { as: "bob" });
  const server = await serveHttp({ fetch: (request) => service.fetch(request) });
  onTestFinished(() => server.stop());
  const prometheus = await startPrometheus(server.port);
  const ask = async (query: string) => {
    const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result.map(({ value }) => Number(value[1]));
  };
  const count = (labels: string) => ask(`cairn_operations_total{${labels}}`);
  await expect.poll(() => count('operation="saveState",code="ok"'), { timeout: 30_000 }).toEqual([12]);
  expect(await count('operation="loadState",code="not_found",job="cairn"')).toEqual([5]);
  expect(await count('tenant="two"')).toEqual([]);
  const seconds = 'cairn_operation_seconds_bucket{operation="saveState"}';
  expect(await ask(seconds.replace("}", ',le="+Inf"}'))).toEqual([12]);
  const [median] = await ask(`histogram_quantile(0.5, ${seconds})`);
  expect(median).toBeGreaterThan(0);
  expect(await ask(`sum(cairn_received_bytes_total)`)).toEqual([12 * 7]);
});
