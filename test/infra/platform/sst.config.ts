/// <reference path="./.sst/platform/config.d.ts" />

/** Both clouds' providers, where a deployment has one: only to install them. */
export default $config({
  app: () => ({
    name: "cairn",
    home: "local",
    providers: { aws: "7.20.0", cloudflare: "6.15.0" },
  }),
  async run() {},
});
