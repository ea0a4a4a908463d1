import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backendContract } from "../../src/backends/contract.ts";
import { postgresRunner } from "../../src/backends/postgres/index.ts";
import { type NeonServer, startNeon } from "../../src/cli/local/neon.ts";
import { type PostgresServer, startPostgres } from "../../src/cli/local/postgres.ts";
import { migrateForTests, postgresSubject } from "./postgres-subject.ts";

let postgres: PostgresServer;
let neon: NeonServer;

beforeAll(async () => {
  postgres = await startPostgres();
  neon = await startNeon(postgres.url);
  const runner = postgresRunner({ transport: "tcp", url: postgres.url });
  await migrateForTests(runner);
  await runner.close();
}, 60_000);

afterAll(async () => {
  await neon?.stop();
  await postgres?.stop();
});

describe("over TCP", () => {
  const open = () => postgresRunner({ transport: "tcp", url: postgres.url });
  backendContract(async () => postgresSubject(open), { describe, it, expect });
});

describe("over Neon's HTTP", () => {
  const open = () => postgresRunner({ transport: "neon", url: neon.url, endpoint: neon.endpoint });
  backendContract(async () => postgresSubject(open), { describe, it, expect });
});
