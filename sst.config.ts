/// <reference path="./.sst/platform/config.d.ts" />

/** Cairn on Cloudflare: one Worker, the R2 bucket it keeps everything in, its sweep every minute. */
export default $config({
  app(input) {
    return {
      name: "cairn",
      home: "cloudflare",
      removal: input.stage === "production" ? "retain" : "remove",
      providers: { cloudflare: "6.15.0" },
    };
  },

  async run() {
    // A linked bucket is bound under its component's name: this is the name the Worker reads.
    const bucket = new sst.cloudflare.Bucket("CAIRN_BUCKET");
    // A JSON array of {id, tenant, scopes, sha256}: hashes of the keys, never the keys.
    const apiKeys = new sst.Secret("CairnApiKeys");

    const worker = new sst.cloudflare.Worker("Cairn", {
      handler: "functions/worker.ts",
      url: true,
      link: [bucket],
      environment: { CAIRN_API_KEYS: apiKeys.value },
      compatibility: { date: "2026-10-01", flags: ["nodejs_compat"] },
    });

    new cloudflare.WorkersCronTrigger("Sweep", {
      accountId: sst.cloudflare.DEFAULT_ACCOUNT_ID,
      scriptName: worker.nodes.worker.scriptName,
      schedules: [{ cron: "* * * * *" }],
    });

    return { url: worker.url };
  },
});
