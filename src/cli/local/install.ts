import { spawnSync } from "node:child_process";

/**
 * Sees to it that a program of the system is there, with Debian's package manager where it is not.
 *
 * @throws Error that names the command to run, when it cannot be installed
 */
export function ensureProgram(program: string, debianPackage: string = program): void {
  if (isThere(program)) return;
  const install = `apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 ${debianPackage}`;
  // A server's package starts it as a service unless a runlevel or policy says no: only the program is wanted.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  spawnSync("sh", ["-c", `apt-get update; ${install}`], { env });
  if (!isThere(program)) throw new Error(`${program} is missing and could not be installed. Run: ${install}`);
}

function isThere(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
