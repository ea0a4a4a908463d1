import { readFileSync } from "node:fs";
import { compatibilityDate } from "../../src/cli/compatibility.ts";
import { builtFor, type Deployment } from "../settings.ts";
import { secretsFor } from "./secrets.ts";

/** Cairn on Cloudflare: one Worker, its cron trigger, and the R2 bucket where that is the store. */
export function deployToCloudflare(deployment: Deployment) {
  const { backend, kept, domain, settings } = deployment;
  const accountId = sst.cloudflare.DEFAULT_ACCOUNT_ID;
  const scriptName = `${$app.name}-${$app.stage}`;
  // Cloudflare takes no empty secret.
  const secrets = $util.output(secretsFor(backend)).apply((values) =>
    Object.entries(values)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => ({ type: "secret_text", name, text: value })),
  );
  const plain = [
    ...Object.entries({ ...settings, CAIRN_BACKEND: backend }).map(([name, text]) => ({
      type: "plain_text",
      name,
      text,
    })),
    { type: "analytics_engine", name: "CAIRN_ANALYTICS", dataset: scriptName.replaceAll("-", "_") },
    ...(backend === "object" ? [bucketBinding(accountId, scriptName, kept)] : []),
  ];
  const worker = new cloudflare.WorkersScript("Worker", {
    accountId,
    scriptName,
    // What was tested is what is deployed.
    content: readFileSync(`${$cli.paths.root}/${builtFor(deployment)}`, "utf8"),
    mainModule: "worker.js",
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    observability: { enabled: true },
    bindings: secrets.apply((hidden) => [...plain, ...hidden]),
  });
  new cloudflare.WorkersCronTrigger("Sweep", {
    accountId,
    scriptName: worker.scriptName,
    schedules: [{ cron: "* * * * *" }],
  });
  new cloudflare.WorkersScriptSubdomain("Url", {
    accountId,
    scriptName: worker.scriptName,
    enabled: domain === null,
    previewsEnabled: false,
  });
  if (domain !== null)
    new cloudflare.WorkersCustomDomain("Domain", {
      accountId,
      service: worker.scriptName,
      environment: "production",
      ...domain,
    });
  return { worker: worker.scriptName, ...(domain !== null && { url: `https://${domain.hostname}` }) };
}

/** A bucket that nobody else reaches: R2's are private and encrypted unless they are opened. */
function bucketBinding(accountId: $util.Input<string>, name: string, kept: boolean) {
  const bucket = new cloudflare.R2Bucket("Objects", { accountId, name }, { protect: kept });
  new cloudflare.R2BucketLifecycle("ObjectsLifecycle", {
    accountId,
    bucketName: bucket.name,
    rules: [
      {
        id: "aborted-uploads",
        enabled: true,
        conditions: { prefix: "" },
        abortMultipartUploadsTransition: { condition: { type: "Age", maxAge: 86_400 } },
      },
    ],
  });
  return { type: "r2_bucket", name: "CAIRN_BUCKET", bucketName: bucket.name };
}
