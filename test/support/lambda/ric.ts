import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureProgram } from "../../../src/cli/local/install.ts";

const here = fileURLToPath(new URL("ric", import.meta.url));
const cache = fileURLToPath(new URL("../../../node_modules/.cache/aws-lambda-ric-4.0.2", import.meta.url));
const entry = join(cache, "node_modules/aws-lambda-ric/index.mjs");

/**
 * AWS's own runtime client, the program that runs functions on Lambda. Built when it is first wanted, a minute or two,
 * for it has to be compiled; kept beside the other packages.
 *
 * @returns the path of its entry
 * @throws Error that says what is missing
 */
export function ensureRic(): string {
  if (existsSync(entry)) return entry;
  for (const [program, debian] of COMPILERS) ensureProgram(program, debian);
  const draft = `${cache}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(dirname(cache), { recursive: true });
  cpSync(here, draft, { recursive: true });
  const headers = [join(dirname(process.execPath), ".."), "/usr"].find(hasHeaders);
  const env = { ...process.env, ...(headers && { npm_config_nodedir: headers }) };
  try {
    execFileSync("npm", ["ci"], { cwd: draft, env, stdio: "pipe" });
  } catch (cause) {
    const said = String((cause as { stderr?: Buffer }).stderr).slice(-2000);
    throw new Error(
      `aws-lambda-ric could not be built. It needs a C++ compiler, cmake and Node's headers.\n${said}`,
    );
  }
  rmSync(cache, { recursive: true, force: true });
  renameSync(draft, cache);
  return entry;
}

const COMPILERS = [
  ["cmake", "cmake"],
  ["g++", "g++"],
  ["make", "make"],
  ["python3", "python3"],
  ["xz", "xz-utils"],
] as const;

/** Without them, node-gyp would download them. Any version's do: the client uses Node-API alone. */
function hasHeaders(prefix: string): boolean {
  return existsSync(join(prefix, "include/node/node_api.h"));
}
