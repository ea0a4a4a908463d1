import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../src/cli/bundle.ts";

/**
 * `npm run package`: what is published, in `dist/package`, and its tarball beside it. A clone runs from its sources, and Node
 * takes no TypeScript below node_modules: so the package is JavaScript with declarations, by a manifest of its own.
 * Another folder than `dist` may be given.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const target = resolve(process.argv[2] ?? join(root, "dist"));
const staged = join(target, "package");
/** Below it some of what the library calls is missing. Working on it needs less: Node comes with the packages. */
const NODE = ">=22.13";
const options: ExecFileSyncOptionsWithStringEncoding = {
  cwd: root,
  stdio: ["ignore", "pipe", "inherit"],
  encoding: "utf8",
};

rmSync(staged, { recursive: true, force: true });
mkdirSync(staged, { recursive: true });
execFileSync(
  join(root, "node_modules/.bin/tsc"),
  ["-p", "tsconfig.package.json", "--outDir", join(staged, "lib")],
  options,
);
// Any store may be chosen, so the Worker that is bundled has them all; what bundles it stays here.
writeFileSync(join(staged, "lib/worker.js"), await bundleWorker("functions/worker.ts"));
for (const suffix of ["js", "d.ts"]) rmSync(join(staged, `lib/cli/bundle.${suffix}`));
cpSync(join(root, "src/cli/local/tied.sh"), join(staged, "lib/cli/local/tied.sh"));
for (const name of ["README.md", "LICENSE", "docs"])
  cpSync(join(root, name), join(staged, name), { recursive: true });
const manifest = published(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
writeFileSync(join(staged, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
chmodSync(join(staged, manifest.bin.cairn), 0o755);
const packed = execFileSync("npm", ["pack", staged, "--pack-destination", target, "--silent"], options);
console.log(`Packed: ${join(target, packed.trim())}`);

/** What is in a manifest only to work on the project goes: scripts, the Node that comes along, overrides. */
function published(source: {
  exports: Record<string, string>;
  bin: { cairn: string };
  [name: string]: unknown;
}) {
  const { private: _, scripts, devDependencies, optionalDependencies, overrides, ...manifest } = source;
  const exports = Object.fromEntries(
    Object.entries(source.exports).map(([name, path]) => [
      name,
      { types: built(path, "d.ts"), default: built(path, "js") },
    ]),
  );
  return { ...manifest, engines: { node: NODE }, exports, bin: { cairn: built(source.bin.cairn, "js") } };
}

function built(path: string, suffix: string): string {
  return path.replace(/^\.\/src\//, "./lib/").replace(/ts$/, suffix);
}
