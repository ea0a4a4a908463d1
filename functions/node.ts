import { explain } from "../src/cli/port.ts";
import { readSettings, StartError } from "../src/cli/settings.ts";
import type { AssembledService } from "../src/http/assemble.ts";
import { openService } from "../src/http/in-node.ts";
import { type HttpServer, serveHttp } from "../src/http/node-server.ts";
import { CairnError } from "../src/model/errors.ts";

/** The service as a plain Node server, for who runs one: HOST and PORT say where, and it sweeps every minute. */
async function main(): Promise<void> {
  const { host, port } = readSettings(process.env);
  const service = await openService(process.env);
  const server = await serveHttp(service.app, { host, port }).catch((error: NodeJS.ErrnoException) => {
    throw new StartError(explain(error.code ?? error.name, host, port));
  });
  const sweeping = setInterval(() => sweep(service), 60_000);
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      clearInterval(sweeping);
      void stop(server, service);
    });
  console.log(`Cairn listens on http://${host.includes(":") ? `[${host}]` : host}:${server.port}`);
}

/** What failed is found by the next sweep: only its name is told, for the message may carry secrets. */
async function sweep(service: AssembledService): Promise<void> {
  const summary = await service.sweep().catch((error: Error) => ({ failed: error.name }));
  console.log(JSON.stringify({ event: "sweep", ...summary }));
}

/** What was begun is answered, and then the store is let go. */
async function stop(server: HttpServer, service: AssembledService): Promise<void> {
  await server.drain();
  await service.close();
}

await main().catch((error: unknown) => {
  if (!(error instanceof StartError || error instanceof CairnError)) throw error;
  console.error(`cairn: ${error.message}`);
  process.exit(1);
});
