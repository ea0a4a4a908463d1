import { beforeAll, describe, expect, inject, it } from "vitest";
import { noise, saving } from "../../src/backends/contract/support.ts";
import { backendContract } from "../../src/backends/contract.ts";
import { postgresOver } from "../../src/backends/postgres/backend.ts";
import { neonRunner } from "../../src/backends/postgres/neon.ts";
import { postgresSubject } from "../backends/postgres-subject.ts";

let where: { url: string; endpoint: string };

beforeAll(async () => {
  where = await (await fetch(`${inject("servers")}/postgres`)).json();
}, 60_000);

/** The storage contract inside workerd, over Neon's HTTP to a real Postgres. */
backendContract(async () => postgresSubject(() => neonRunner(where)), { describe, it, expect });

it("a state of 20 MB is saved and loaded", async () => {
  const backend = postgresOver(neonRunner(where));
  const key = { tenant: "large", pipelineId: "p" };
  const content = noise(20_000_000);
  const [outcome] = await backend.commit([await saving(key, 0, content)]);
  expect(outcome!.ok).toBe(true);
  const { frames } = (await backend.load(key, { frames: true }))!;
  expect(Buffer.compare(frames[0]!, content)).toBe(0);
}, 60_000);
