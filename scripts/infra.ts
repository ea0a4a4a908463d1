import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePlatform } from "../test/infra/platform.ts";

/**
 * `npm run infra`: type-checks sst.config.ts and infra/sst against SST's own platform, then executes the program for
 * each cloud, backend and kind of stage, and looks at what it declares. Needs the npm registry, and no account.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const platform = ensurePlatform();
linkPlatform();
run("tsc", "-p", typeConfig());
run("vitest", "run", "--config", "test/infra/vitest.config.ts");

/** sst.config.ts looks for its types in `.sst`: where a deployment has left a platform of its own, they are there. */
function linkPlatform(): void {
  const link = join(root, ".sst/platform");
  if (lstatSync(link, { throwIfNoEntry: false })) return;
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(platform, link);
}

function typeConfig(): string {
  const path = join(dirname(platform), "tsconfig.json");
  const config = {
    extends: join(root, "test/infra/platform/tsconfig.json"),
    compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
    files: [join(root, "sst.config.ts")],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function run(program: string, ...words: string[]): void {
  const { status } = spawnSync(join(root, "node_modules/.bin", program), words, {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
