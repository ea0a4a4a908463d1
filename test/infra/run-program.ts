/**
 * Executes the program of sst.config.ts as SST's command does, without a cloud: every resource that it declares is
 * told instead of made. Its argument: JSON of a `Run`. Prints a `Graph`.
 */
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

export interface Run {
  root: string;
  platform: string;
  stage: string;
}

/** A resource as it is declared. */
export interface Declared {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the resource takes
  inputs: any;
  /** Whether Pulumi refuses to delete it. */
  protect: boolean;
  /** The inputs that Pulumi keeps encrypted. */
  secrets: string[];
}

export interface Graph {
  app: {
    home: string;
    removal: string;
    protect: boolean;
    version: string;
    providers: Record<string, string>;
  };
  resources: Declared[];
  outputs: Record<string, unknown>;
}

const { root, platform, stage } = JSON.parse(process.argv[2]!) as Run;

/** What SST's command asks its own program for while the resources are declared. */
async function answerSst(): Promise<string> {
  const server = createServer(async (request, response) => {
    const { method, params } = JSON.parse(await text(request));
    const results: Record<string, unknown> = {
      "Provider.Aws.Bootstrap": { asset: "sst-assets", state: "sst-state" },
      "Runtime.Build": {
        handler: params[0].handler,
        out: join(root, params[0].bundle ?? ""),
        errors: [],
        sourcemaps: [],
      },
    };
    const result = results[method];
    response.end(JSON.stringify(result ? { result } : { error: `rpc: can't find ${method}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** How Pulumi marks an input that is secret. */
const SECRET = "4dabf18193072939515e22adb298388d";

function declared(type: string, name: string, inputs: Record<string, unknown>): Declared {
  const secrets = Object.keys(inputs).filter((key) => isSecret(inputs[key]));
  const plain = Object.entries(inputs).map(([key, value]) => [key, isSecret(value) ? value.value : value]);
  return { type, name, inputs: Object.fromEntries(plain), protect: false, secrets };
}

function isSecret(input: unknown): input is { value: unknown } {
  return typeof input === "object" && input !== null && SECRET in input;
}

async function bundle(name: string, code: string, define: Record<string, string>): Promise<string> {
  const outfile = join(platform, `${name}.${process.pid}.check.mjs`);
  const result = await build({
    stdin: { contents: code, resolveDir: platform, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node24",
    define,
    inject: [join(platform, "src/shim/run.js")],
    packages: "external",
    external: ["sharp"],
    logLevel: "error",
  });
  writeFileSync(outfile, result.outputFiles[0]!.text);
  process.once("exit", () => rmSync(outfile));
  return pathToFileURL(outfile).href;
}

const entry = (after: string) => `
import mod from ${JSON.stringify(join(root, "sst.config.ts"))};
${after}`;

const input = { stage };
const config = await import(
  await bundle("app", entry("export default mod;"), {
    $app: "{}",
    $cli: "{}",
    $dev: "false",
  })
);
const app = await config.default.app(input);

process.env.SST_SERVER = await answerSst();
const require = createRequire(join(platform, "package.json"));
const pulumi = require("@pulumi/pulumi");
const resources: Declared[] = [];
const protectedOnes = new Map<string, boolean>();

await pulumi.runtime.setMocks(
  {
    newResource({
      type,
      name,
      inputs,
      id,
    }: {
      type: string;
      name: string;
      inputs: Record<string, unknown>;
      id?: string;
    }) {
      if (!type.startsWith("pulumi:providers:")) resources.push(declared(type, name, inputs));
      const arn = `arn:mock:${type.split("/")[0]}:${name}`;
      return {
        id: id || `${name}-id`,
        state: {
          name: `${name}-name`,
          bucket: `${name}-bucket`,
          scriptName: name,
          arn,
          functionUrl: `https://${name}.lambda-url.eu-test-1.on.aws/`,
          ...inputs,
        },
      };
    },
    call({ token, inputs }: { token: string; inputs: { statements?: object[] } }) {
      if (token !== "aws:iam/getPolicyDocument:getPolicyDocument") return { ...KNOWN, ...inputs };
      return { ...inputs, json: JSON.stringify({ Statement: inputs.statements }) };
    },
  },
  app.name,
  stage,
  false,
);
const KNOWN = {
  partition: "aws",
  region: "eu-test-1",
  name: "eu-test-1",
  id: "eu-test-1",
  accountId: "000000000000",
};

const program = await import(
  await bundle(
    "program",
    entry(`
import * as pulumi from "@pulumi/pulumi";
import * as components from "./src/components/index.ts";
import * as aws from "@pulumi/aws";
import * as cloudflare from "@pulumi/cloudflare";
import { run } from "./src/auto/run.ts";
export function execute(protectedOnes) {
  Object.assign(globalThis, { sst: components, aws, cloudflare });
  return pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(
      ({ type, name, opts }) => void protectedOnes.set(type + name, opts.protect === true),
    );
    return run(() => mod.run());
  });
}
export const outputOf = (value) => new Promise((resolve) => pulumi.output(value).apply(resolve));
`),
    {
      $app: JSON.stringify({ ...app, stage, removal: app.removal, protect: app.protect ?? false }),
      $cli: JSON.stringify({
        command: "deploy",
        paths: { root, platform, work: join(platform, ".."), home: platform },
        env: {},
        state: { version: {} },
      }),
      $dev: "false",
    },
  )
);
const outputs = await program.outputOf(await program.execute(protectedOnes));
await pulumi.runtime.disconnect();
for (const resource of resources)
  resource.protect = protectedOnes.get(resource.type + resource.name) ?? false;
process.stdout.write(JSON.stringify({ app, resources, outputs } satisfies Graph));
