/// <reference path="./.sst/platform/config.d.ts" />

/**
 * `npm run deploy -- --stage NAME`. What is deployed where: see docs/operations.md. Imports are inside the functions,
 * for SST's command refuses others.
 */
export default $config({
  async app({ stage }) {
    const { readDeployment } = await import("./infra/settings.ts");
    const { cloud, kept } = readDeployment(process.env, stage);
    return {
      name: "cairn",
      home: cloud,
      version: "4.17.1",
      removal: kept ? "retain" : "remove",
      protect: kept,
      providers: cloud === "aws" ? { aws: "7.20.0" } : { cloudflare: "6.15.0" },
    };
  },

  async run() {
    const { readDeployment } = await import("./infra/settings.ts");
    const deployment = readDeployment(process.env, $app.stage);
    if (deployment.cloud === "aws") return (await import("./infra/sst/aws.ts")).deployToAws(deployment);
    return (await import("./infra/sst/cloudflare.ts")).deployToCloudflare(deployment);
  },
});
