import { type DataFolder, openDataFolder } from "./folder.ts";
import { LOCAL_STORES, type LocalStore } from "./local/stores.ts";
import { explain, waitForPort } from "./port.ts";
import { type Runtime, startRuntime } from "./runtime.ts";
import { type LocalSettings, readSettings, StartError } from "./settings.ts";
import { explainNotReady, welcome } from "./welcome.ts";
import { workerScript } from "./worker-script.ts";

/** `npm start`: the Worker in workerd on this machine, its bucket in a folder, its cron every minute. */
async function main(): Promise<void> {
  const settings = readSettings(process.env, process.argv.slice(2));
  const folder = openDataFolder(settings.dataFolder);
  // Before TMPDIR is changed: Postgres runs as an account that may not enter the data folder.
  const local = settings.localStore === null ? null : ((await LOCAL_STORES[settings.localStore]?.()) ?? null);
  // Miniflare's scratch files go where the next start clears them: a killed process cannot.
  process.env.TMPDIR = folder.temporary;
  await waitForPort(settings.host, settings.port);
  const bindings = { ...settings.bindings, ...local?.bindings };
  const runtime = await start({ ...settings, bindings }, folder);
  stopOnSignal(runtime, folder, local);
  stopWithNpm();
  await checkReady(runtime);
  driveCron(runtime);
  const data = local?.about ?? dataOf(settings);
  console.log(welcome({ url: runtime.url, data, bindings }));
}

async function start(settings: LocalSettings, folder: DataFolder): Promise<Runtime> {
  const { host, port, bindings } = settings;
  const script = await workerScript(bindings.CAIRN_BACKEND ?? "object");
  const place = { host, port, dataFolder: folder.path, bucket: folder.bucket };
  try {
    return await startRuntime({ script, bindings, ...place, onDeath: fail });
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_ADDRESS_IN_USE") throw error;
    throw new StartError(explain("EADDRINUSE", host, port));
  }
}

/** Asks the Worker itself whether it can serve: it knows its settings and its store best. */
async function checkReady(runtime: Runtime): Promise<void> {
  const answer = await fetch(`${runtime.url}/ready`);
  const body = await answer.text();
  if (!answer.ok) throw new StartError(explainNotReady(body));
}

function driveCron(runtime: Runtime): void {
  let running = false;
  setInterval(async () => {
    if (running) return;
    running = true;
    await runtime.runCron().catch((error) => console.error(`cron: ${error.message}`));
    running = false;
  }, 60_000);
}

function dataOf({ dataFolder, bindings }: LocalSettings): string {
  const { CAIRN_BACKEND: backend = "object", CAIRN_S3_BUCKET: bucket } = bindings;
  if (backend !== "object") return `Data: the ${backend} that the environment names.`;
  return bucket === undefined ? `Data: ${dataFolder}.` : `Data: the S3 bucket ${bucket}.`;
}

function stopOnSignal(runtime: Runtime, folder: DataFolder, local: LocalStore | null): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Miniflare has handlers of its own, which end the process with an error.
    process.removeAllListeners(signal);
    process.on(signal, async () => {
      await runtime.stop();
      await local?.stop();
      folder.release();
      process.exit(0);
    });
  }
}

/** Under npm, the process that the user knows and kills is npm's: this one ends with it. */
function stopWithNpm(): void {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
  }, 200);
}

function fail(reason: unknown): never {
  const text =
    reason instanceof StartError ? reason.message : reason instanceof Error ? reason.stack : reason;
  console.error(`cairn: ${text}`);
  process.exit(1);
}

await main().catch(fail);
