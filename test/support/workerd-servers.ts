import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { postgresRunner } from "../../src/backends/postgres/index.ts";
import { startNeon } from "../../src/cli/local/neon.ts";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import { startRedis } from "../../src/cli/local/redis.ts";
import { startUpstash } from "../../src/cli/local/upstash.ts";
import { migrateForTests } from "../backends/postgres-subject.ts";
import { startS3 } from "./s3-server/server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `GET <servers>/<name>` starts that server, and says as JSON where it is. */
    servers: string;
  }
}

interface Started {
  where: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** What tests inside workerd may ask for. */
const SERVERS: Readonly<Record<string, () => Promise<Started>>> = { postgres, s3, upstash };

/** Code in workerd cannot start processes: this does it for a test file, when it is first asked to. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<Started>>();
  const server = createServer(async (request, response) => {
    const name = request.url!.slice(1);
    if (!started.has(name) && SERVERS[name]) started.set(name, SERVERS[name]());
    const answer = await started.get(name)?.catch((error: Error) => error);
    response.writeHead(answer && "where" in answer ? 200 : 500);
    response.end(answer && "where" in answer ? JSON.stringify(answer.where) : String(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  project.provide("servers", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    for (const each of started.values()) await each.then(({ stop }) => stop()).catch(() => {});
  };
}

async function postgres(): Promise<Started> {
  const server = await startPostgres();
  const runner = postgresRunner({ transport: "tcp", url: server.url });
  await migrateForTests(runner);
  await runner.close();
  const { url, endpoint, stop } = await startNeon(server.url);
  return {
    where: { url, endpoint },
    async stop() {
      await stop();
      await server.stop();
    },
  };
}

async function upstash(): Promise<Started> {
  const server = await startRedis();
  const { url, token, stop } = await startUpstash(server.url, "secret", { maxRequestBytes: 1_000_000 });
  return {
    where: { url, token },
    async stop() {
      await stop();
      await server.stop();
    },
  };
}

async function s3(): Promise<Started> {
  const { url, bucket, region, credentials, stop } = await startS3();
  return { where: { endpoint: url, bucket, region, ...credentials }, stop };
}
