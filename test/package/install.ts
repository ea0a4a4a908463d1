import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { environment, type Outcome, root } from "../cli/run.ts";

const run = promisify(execFile);

/** A project that has installed the package, from its tarball. */
export interface Consumer {
  folder: string;
  tarball: string;
  manifest: { exports: object; dependencies: object; peerDependencies: object };
  /** Runs a command as it does: with the programs of its packages. */
  run(command: string, words: readonly string[], env?: Record<string, string>): Promise<Outcome>;
  /** Gives it a package that this project has as well. */
  link(name: string): Promise<void>;
}

/** Packs this project, and installs the tarball into an empty folder, as npm does. Needs no network. */
export async function installPackage(folder: string): Promise<Consumer> {
  const { stdout } = await run(process.execPath, ["scripts/package.ts", join(folder, "dist")], { cwd: root });
  const tarball = /^Packed: (.+)$/m.exec(stdout)![1]!;
  const manifest = JSON.parse(await readFile(join(folder, "dist/package/package.json"), "utf8"));
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const consumer: Consumer = {
    ...{ folder, tarball, manifest },
    run(command, words, env = {}) {
      const options = { cwd: folder, env: environment({ npm_config_offline: "true", ...env }) };
      return new Promise((resolve) => {
        execFile(command, words, options, (error, stdout, stderr) => {
          resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
        });
      });
    },
    async link(name) {
      const link = join(folder, "node_modules", name);
      if (existsSync(link)) return;
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(root, "node_modules", name), link);
    },
  };
  // What the package depends on, and nothing else: npm finds it there, in the right versions, and fetches nothing.
  for (const name of Object.keys(manifest.dependencies)) await consumer.link(name);
  const flags = ["--offline", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"];
  const { status, stderr } = await consumer.run("npm", ["install", ...flags, tarball]);
  if (status !== 0) throw new Error(`npm could not install the package:\n${stderr}`);
  return consumer;
}
