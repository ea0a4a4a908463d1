import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bundleWorker } from "../../src/cli/bundle.ts";
import { parseEnvironment } from "../../src/http/environment.ts";
import { buildFor, declaredBy, everything, of, root, STAGES } from "./program.ts";
import type { Graph } from "./run-program.ts";

const ALWAYS = ["WorkersCronTrigger Sweep", "WorkersScript Worker", "WorkersScriptSubdomain Url"];
const BUCKET = ["R2Bucket Objects", "R2BucketLifecycle ObjectsLifecycle"];
const STORES = { object: "r2", postgres: "postgres", redis: "redis" } as const;

interface Binding {
  type: string;
  name: string;
  text?: string;
}

for (const [backend, store] of Object.entries(STORES))
  for (const [stage, kept] of STAGES)
    describe(`Cloudflare, ${backend}, stage ${stage}`, () => {
      let graph: Graph;
      beforeAll(async () => {
        await buildFor("cloudflare", backend);
        const settings = { CAIRN_CORS_ORIGINS: "https://app.example.com" };
        graph = await declaredBy({ ...settings, CAIRN_CLOUD: "cloudflare", CAIRN_BACKEND: backend }, stage);
      });

      test("declares these resources, and no others", () => {
        expect(everything(graph)).toEqual([...ALWAYS, ...(backend === "object" ? BUCKET : [])].sort());
      });

      test("the Worker is the bundle that is tested, its secrets are kept as such", async () => {
        const { inputs, secrets } = of(graph, "WorkersScript").Worker!;
        expect(inputs.content === (await bundleWorker("functions/worker.ts", backend))).toBe(true);
        expect(inputs).toMatchObject({ compatibilityFlags: ["nodejs_compat"], mainModule: "worker.js" });
        expect(secrets).toContain("bindings");
        const bindings: Binding[] = inputs.bindings;
        expect(bindings).toContainEqual({
          type: "analytics_engine",
          name: "CAIRN_ANALYTICS",
          dataset: `cairn_${stage}`,
        });
        const texts = bindings.filter(({ type }) => type === "secret_text" || type === "plain_text");
        for (const { type, text } of texts)
          expect(text!.includes("secret") && type !== "secret_text").toBe(false);
        expect(texts.map(({ text }) => text)).not.toContain("");
        const { CAIRN_API_KEYS: keys, ...rest } = Object.fromEntries(
          texts.map(({ name, text }) => [name, text]),
        );
        expect(keys).toBe("secret:keys");
        const bound = bindings.some(({ name, type }) => name === "CAIRN_BUCKET" && type === "r2_bucket");
        const parsed = parseEnvironment(rest, "worker", bound);
        expect(parsed.store.store).toBe(store);
        expect(parsed.corsOrigins).toEqual(["https://app.example.com"]);
      });

      test("the sweep runs every minute", () => {
        expect(of(graph, "WorkersCronTrigger").Sweep!.inputs).toEqual({
          accountId: "account",
          scriptName: `cairn-${stage}`,
          schedules: [{ cron: "* * * * *" }],
        });
      });

      test("data outlives the stage, unless it is somebody's own", () => {
        expect(graph.app).toMatchObject({
          home: "cloudflare",
          protect: kept,
          removal: kept ? "retain" : "remove",
        });
        for (const { protect } of Object.values(of(graph, "R2Bucket"))) expect(protect).toBe(kept);
        for (const { inputs } of Object.values(of(graph, "R2BucketLifecycle")))
          expect(inputs.rules).toMatchObject([
            {
              enabled: true,
              abortMultipartUploadsTransition: { condition: { type: "Age", maxAge: 86_400 } },
            },
          ]);
      });
    });

test("a domain takes the place of workers.dev", async () => {
  await buildFor("cloudflare", "object");
  const variables = { CAIRN_DOMAIN: "cairn.example.com", CAIRN_ZONE_ID: "zone" };
  const graph = await declaredBy(variables, "production");
  expect(of(graph, "WorkersScriptSubdomain").Url!.inputs.enabled).toBe(false);
  expect(of(graph, "WorkersCustomDomain").Domain!.inputs).toMatchObject({
    hostname: "cairn.example.com",
    zoneId: "zone",
    service: "cairn-production",
  });
  expect(graph.outputs).toMatchObject({ url: "https://cairn.example.com" });
});

test("the configuration imports nothing at its top, which SST's command refuses", () => {
  expect(readFileSync(join(root, "sst.config.ts"), "utf8")).not.toMatch(/^\s*import\s/m);
});

test("the versions that are checked are those that are deployed", async () => {
  const installed = readFileSync(join(root, "test/infra/platform/sst.config.ts"), "utf8");
  const lock = JSON.parse(readFileSync(join(root, "test/infra/platform/package.json"), "utf8"));
  for (const cloud of ["aws", "cloudflare"]) {
    await buildFor(cloud, "object");
    const { app } = await declaredBy({ CAIRN_CLOUD: cloud }, "alice");
    expect(installed).toContain(`${cloud}: "${app.providers[cloud]}"`);
    expect(app.version).toBe(lock.dependencies.sst);
  }
});
