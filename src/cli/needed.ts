import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { StartError } from "./settings.ts";

/**
 * Finds a package that `cairn dev` alone needs. They are large, so that they do not come along with Cairn.
 *
 * @returns path of its main file
 * @throws StartError that says how to install it
 */
export function findNeeded(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    const wanted = `${name}@${versionOf(name)}`;
    throw new StartError(
      `This needs ${name}, which is not installed along with Cairn. Install it: npm install --save-dev ${wanted}\n` +
        `Or for once: npx --package cairn --package ${wanted} cairn dev`,
    );
  }
}

function versionOf(name: string): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).peerDependencies[name];
}
