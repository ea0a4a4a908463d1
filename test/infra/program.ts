import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ensurePlatform } from "./platform.ts";
import type { Declared, Graph, Run } from "./run-program.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const program = fileURLToPath(new URL("run-program.ts", import.meta.url));

/** One stage of each kind, and whether its data is kept. */
export const STAGES = [
  ["production", true],
  ["alice", false],
] as const;

export const SECRETS = {
  SST_SECRET_CairnApiKeys: "secret:keys",
  SST_SECRET_DatabaseUrl: "postgres://secret:database@db.example.com/cairn",
  SST_SECRET_UpstashRedisRestUrl: "https://secret-redis.example.com",
  SST_SECRET_UpstashRedisRestToken: "secret:token",
};

/** `npm run build` for a cloud and a backend. */
export async function buildFor(cloud: string, backend: string): Promise<void> {
  const env = { ...process.env, CAIRN_CLOUD: cloud, CAIRN_BACKEND: backend };
  await promisify(execFile)(process.execPath, ["scripts/build.ts"], { cwd: root, env });
}

/** What sst.config.ts declares under these variables, in a process of its own. Rejects with what it printed. */
export async function declaredBy(variables: Record<string, string>, stage: string): Promise<Graph> {
  const run: Run = { root, platform: ensurePlatform(), stage };
  const env = { ...process.env, CLOUDFLARE_DEFAULT_ACCOUNT_ID: "account", ...SECRETS, ...variables };
  const options = { env, maxBuffer: 100_000_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(run)], options);
  return JSON.parse(stdout);
}

/** The resources of a type, by their names; `aws:s3/bucket:Bucket` is `s3.Bucket`. */
export function of(graph: Graph, type: string): Record<string, Declared> {
  const found = graph.resources.filter((each) => shortOf(each.type) === type);
  return Object.fromEntries(found.map((each) => [each.name, each]));
}

/** Every resource in the cloud, as `s3.Bucket Objects`: SST's components and Pulumi's stack are none. */
export function everything(graph: Graph): string[] {
  const inCloud = graph.resources.filter(({ type }) => /^(aws|cloudflare):/.test(type));
  return inCloud.map(({ type, name }) => `${shortOf(type)} ${name}`).sort();
}

function shortOf(type: string): string {
  const [, module = "", kind = ""] = type.split(":");
  const [service] = module.split("/");
  return service === "index" ? kind : `${service}.${kind}`;
}
