import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("platform", import.meta.url));
const cache = fileURLToPath(new URL("../../node_modules/.cache/sst-4.17.1", import.meta.url));

/** What SST reads and sends nothing without. */
const OFFLINE = {
  SST_SKIP_DEPENDENCY_CHECK: "1",
  SST_TELEMETRY_DISABLED: "1",
  AWS_EC2_METADATA_DISABLED: "true",
  NO_BUN: "1",
};

/**
 * The folder of SST's platform, its components and both providers; fetched from the npm registry when it is first
 * wanted, about a minute.
 */
export function ensurePlatform(): string {
  const platform = join(cache, ".sst/platform");
  if (existsSync(platform)) return platform;
  const draft = `${cache}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(cache), { recursive: true });
  cpSync(here, draft, { recursive: true });
  const options = { cwd: draft, env: { ...process.env, ...OFFLINE }, stdio: "pipe" } as const;
  execFileSync("npm", ["ci"], options);
  execFileSync("npx", ["sst", "install", "--stage", "check"], options);
  rmSync(cache, { recursive: true, force: true });
  renameSync(draft, cache);
  return platform;
}
