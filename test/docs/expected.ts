import { createHash } from "node:crypto";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { startPostgres } from "../../src/cli/local/postgres.ts";
import type { Service } from "../client/service.ts";
import { temporaryFolder } from "../runtime/service.ts";

/** What a section needs, and what comes of it, beyond that nothing in it fails. */
export interface Expected {
  /** Makes what it takes for granted. @returns variables of its environment */
  before?(service: Service): Promise<Record<string, string>>;
  /** Code after its last program, to look at what that made. */
  more?: string;
  after?(said: string, service: Service): void | Promise<void>;
}

const printed = (values: string) => `console.log(JSON.stringify(${values}));`;

async function saveNightly(service: Service): Promise<Record<string, string>> {
  const nightly = service.client().pipeline("nightly");
  for (const n of [1, 2]) await nightly.save({ n }, { checkpoint: "always" });
  return {};
}

/** By the section's name. */
export const EXPECTED: Readonly<Record<string, Expected>> = {
  "README.md#A session": {
    after(said) {
      expect(
        said
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line)),
      ).toMatchObject([
        { version: 1, checkpoint: { version: 1 } },
        { version: 2 },
        { done: ["collect", "train"] },
        { "/done/1": "train" },
        { fence: 1, version: 2, state: { done: ["collect", "train"] } },
        { version: 3 },
        { expiresAt: expect.any(String) },
        { version: 4, quarantined: [] },
        { data: expect.arrayContaining([expect.objectContaining({ type: "rolledBack" })]) },
        { status: "completed" },
      ]);
    },
  },
  "README.md#From JavaScript": {
    async after(_, service) {
      const kept = await service.client().pipeline("nightly").load();
      expect(kept!.value).toEqual({ done: new Set(["collect"]), at: expect.any(Date) });
      expect(await service.client().pipeline("nightly-2026-11-23").get()).toMatchObject({
        status: "completed",
        kind: "nightly",
      });
    },
  },
  "README.md#From a shell": {
    before: saveNightly,
    after(said) {
      const [listed, rolledBack, swept] = said.trim().split("\n");
      expect(listed).toBe("No pipelines.");
      expect(rolledBack).toMatch(/^nightly: version 3 is checkpoint /);
      expect(JSON.parse(swept!)).toMatchObject({ interrupted: 0 });
    },
  },
  "README.md#In a process of your own": {
    more: printed("{ state, fence }"),
    after: (said) => expect(JSON.parse(said)).toEqual({ state: { done: ["collect"] }, fence: 1 }),
  },
  "docs/values.md#How values are kept": {
    more: printed("[value.done instanceof Set, value.at instanceof Date]"),
    after: (said) => expect(JSON.parse(said)).toEqual([true, true]),
  },
  "docs/langgraph.md#LangGraph": {
    more: `
      import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
      const checkpoint = { ...emptyCheckpoint(), channel_values: { n: 1 }, channel_versions: { n: 1 } };
      const config = { configurable: { thread_id: "t" } };
      await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { n: 1 });
      ${printed("(await saver.getTuple(config)).checkpoint.channel_values")}`,
    async after(said, service) {
      expect(JSON.parse(said)).toEqual({ n: 1 });
      const kept = await fetch(`${service.url}/v1/pipelines/lg.order-17/state`);
      expect((await kept.json()).at.values.log.json).toEqual(["asked", "drafted", "sent"]);
    },
  },
  "docs/operations.md#Keys": {
    more: 'echo "$key"',
    after(said) {
      const [hash, key] = said.trim().split("\n");
      expect(hash).toBe(createHash("sha256").update(key!).digest("hex"));
    },
  },
  "docs/operations.md#Schema": {
    async before() {
      const server = await startPostgres();
      onTestFinished(server.stop);
      return { DATABASE_URL: server.url };
    },
    after: (said) => expect(said).toContain("Applied: 0001"),
  },
  "docs/operations.md#Back up and restore": {
    before: async (service) => ({ ...(await saveNightly(service)), BACKUP: join(temporaryFolder(), "all") }),
    async after(_, service) {
      const restored = await service.client().pipeline("nightly-restored").load();
      expect(restored!.value).toEqual({ n: 2 });
    },
  },
};
