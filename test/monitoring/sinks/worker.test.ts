import { Miniflare } from "miniflare";
import { expect, onTestFinished, test } from "vitest";
import { bundleWorker } from "../../../src/cli/bundle.ts";
import { compatibilityDate } from "../../../src/cli/compatibility.ts";
import { CONTRACT_API_KEYS, tokenOf } from "../../http/contract/keys.ts";
import { attributesOf, startCollector } from "./collector.ts";

/** Miniflare's own binding forgets what it is told. */
const POINTS = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  const points = [];
  export class Dataset extends WorkerEntrypoint {
    writeDataPoint(point) {
      points.push(point);
    }
  }
  export default { fetch: () => Response.json(points) };
`;

type Config = ConstructorParameters<typeof Miniflare>[0]["workers"][number]["config"];

function worker(name: string, code: string, env: NonNullable<Config["env"]>): { config: Config } {
  const modules = { "worker.js": { type: "esm" as const, contents: code } };
  const manifest = { mainModule: "worker.js", modules };
  return { config: { name, compatibilityDate, compatibilityFlags: ["nodejs_compat"], manifest, env } };
}

/** The Worker as it is deployed, in workerd, with a dataset that can be asked what was written. */
async function startWorker(variables: Record<string, string>) {
  const text = Object.entries(variables).map(([name, value]) => [name, { type: "text", value }] as const);
  const env = {
    ...Object.fromEntries(text),
    CAIRN_BUCKET: { type: "r2", name: "objects" },
    CAIRN_ANALYTICS: { type: "worker", worker: "points", exportName: "Dataset" },
  } as const;
  const code = await bundleWorker("functions/worker.ts", "object");
  const workers = [worker("cairn", code, env), worker("points", POINTS, {})];
  const miniflare = new Miniflare({ cf: false, enableDevRegistry: false, port: 0, workers });
  onTestFinished(() => miniflare.dispose());
  const url = await miniflare.ready;
  const points = await miniflare.getWorker("points");
  return {
    save: (id: string, body: string) =>
      fetch(new URL(`/v1/pipelines/${id}/state`, url), {
        ...{ method: "PUT", body },
        headers: { Authorization: `Bearer ${tokenOf("alice")}`, "Content-Type": "application/json" },
      }),
    points: async () => (await (await points.fetch("http://localhost/")).json()) as unknown[],
  };
}

test("in workerd each request writes one data point, and a collector is told beside the answers", async () => {
  const collector = await startCollector();
  const variables = { CAIRN_API_KEYS: CONTRACT_API_KEYS, CAIRN_R2_MIN_COMMIT_SECONDS: "0" };
  const service = await startWorker({ ...variables, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  collector.answer = () => {};
  const saved = await service.save("a", '{"a":1}');
  expect(saved.status).toBe(201);
  const wrong = await service.save("b", "{");
  const [, traceId] = wrong.headers.get("traceparent")!.split("-");
  await expect.poll(service.points, { timeout: 30_000 }).toEqual([
    {
      indexes: ["one"],
      blobs: ["one", "saveState", "ok", "a", saved.headers.get("X-Request-Id"), expect.any(String)],
      doubles: [expect.any(Number), 7, 0, expect.any(Number), expect.any(Number), 201, 1],
    },
    {
      indexes: ["one"],
      blobs: ["one", "saveState", "invalid_json", "b", wrong.headers.get("X-Request-Id"), traceId],
      doubles: [expect.any(Number), 1, 0, 0, 0, 400, 0],
    },
  ]);
  await collector.got(2);
  const spans = collector.received
    .flatMap(({ decoded }) => decoded.resourceSpans ?? [])
    .flatMap(({ scopeSpans }) => scopeSpans[0]!.spans);
  expect(spans.map((span) => attributesOf(span).code)).toEqual(["ok", "invalid_json"]);
  // It hangs by now, and that is nothing to a caller.
  expect((await service.save("c", "{}")).status).toBe(201);
});
