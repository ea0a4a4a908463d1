import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { endServer } from "../../src/cli/local/server.ts";
import { spawnTied } from "../../src/cli/local/tie.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import type { ServiceOptions } from "./service.ts";
import { CALM, type Weather } from "./weather.ts";

/** A process that serves, and what stands between it and its clients. */
interface Service {
  process: ChildProcess;
  relay: Relay;
}

/** Service processes over one store, which clients reach through lossy lines. */
export interface Cluster {
  /** Where the n-th service is now. */
  portOf(index: number): number;
  /** What becomes of requests from now on. */
  weather(next: Weather): void;
  /** SIGKILL, and another in its place; until that serves, `portOf` is the other's. */
  replace(index: number): Promise<void>;
  /** SIGSTOP for a while. */
  suspend(index: number, milliseconds: number): Promise<void>;
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL("service.ts", import.meta.url));

export async function startCluster(options: ServiceOptions, size: number): Promise<Cluster> {
  let weather: Weather = CALM;
  const open = async (): Promise<Service> => {
    const { process, port } = await startService(options);
    const relay = await startRelay(port);
    return { process, relay: Object.assign(relay, weather) };
  };
  const services: (Service | null)[] = await Promise.all(Array.from({ length: size }, open));

  return {
    portOf(index) {
      const service = services[index] ?? services.find((each) => each !== null);
      return service?.relay.port ?? 0;
    },
    weather(next) {
      weather = next;
      for (const service of services) Object.assign(service?.relay ?? {}, next);
    },
    async replace(index) {
      const old = services[index];
      services[index] = null;
      if (old) await close(old);
      services[index] = await open();
    },
    async suspend(index, milliseconds) {
      const service = services[index];
      service?.process.kill("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      service?.process.kill("SIGCONT");
    },
    async stop() {
      await Promise.all(services.map((service) => service && close(service)));
    },
  };
}

async function close({ process, relay }: Service): Promise<void> {
  await endServer(process, "SIGKILL");
  await relay.stop();
}

/** @throws Error with what it said, when it does not serve */
async function startService(options: ServiceOptions): Promise<{ process: ChildProcess; port: number }> {
  const child = spawnTied(process.execPath, [script, JSON.stringify(options)]);
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  const serving = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const port = /^port (\d+)$/.exec(line)?.[1];
      if (port) resolve(Number(port));
    });
  });
  const port = await Promise.race([serving, once(child, "exit").then(() => null)]);
  if (port === null) throw new Error(`The service did not start:\n${errors}`);
  return { process: child, port };
}
