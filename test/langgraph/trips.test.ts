import {
  type Checkpoint,
  type CheckpointMetadata,
  emptyCheckpoint,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import { expect, test } from "vitest";
import { CairnSaver } from "../../src/langgraph/index.ts";
import { startService } from "../client/service.ts";

const metadata: CheckpointMetadata = { source: "loop", step: 0, parents: {} };

function checkpoint(messages: string[], version: number): Checkpoint {
  const id = uuid6(version);
  return { ...emptyCheckpoint(), id, channel_values: { messages }, channel_versions: { messages: version } };
}

/** Text that does not shrink, so that bytes are counted as they are. */
function message(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(1000));
  return Buffer.from(bytes).toString("base64");
}

test("a put is one round trip and sends what changed; so do writes", async () => {
  const service = await startService();
  const saver = new CairnSaver({ url: service.url });
  const messages = Array.from({ length: 200 }, message);
  let config = await saver.put({ configurable: { thread_id: "t" } }, checkpoint(messages, 1), metadata, {
    messages: 1,
  });
  // A thread's first: its pipeline is registered before.
  expect(service.seen.map(({ method, path }) => [method, path.split("?")[0]])).toEqual([
    ["GET", "/v1/pipelines/lg.t/state"],
    ["PUT", "/v1/pipelines/lg.t"],
    ["PUT", "/v1/pipelines/lg.t/state"],
  ]);
  const whole = service.seen.at(-1)!.bytes;
  expect(whole).toBeGreaterThan(200_000);

  for (let version = 2; version <= 20; version++) {
    service.seen.length = 0;
    messages.push(message());
    await saver.putWrites(config, [["messages", messages.at(-1)]], `task-${version}`);
    config = await saver.put(config, checkpoint(messages, version), metadata, { messages: version });
    expect(service.seen.map(({ method }) => method)).toEqual(["PATCH", "PATCH"]);
    for (const { bytes } of service.seen) expect(bytes).toBeLessThan(2500);
  }
  console.log(
    `whole state ${whole} B; put ${service.seen[1]!.bytes} B, putWrites ${service.seen[0]!.bytes} B`,
  );
  const { data } = await (await fetch(`${service.url}/v1/pipelines/lg.t/checkpoints?limit=500`)).json();
  expect(data).toHaveLength(39);
  const stored = data.slice(0, -1).map(({ storedBytes }: { storedBytes: number }) => storedBytes);
  expect(Math.max(...stored)).toBeLessThan(2500);

  service.seen.length = 0;
  const another = new CairnSaver({ url: service.url });
  const latest = await another.getTuple({ configurable: { thread_id: "t" } });
  expect(latest?.checkpoint.channel_values.messages).toEqual(messages);
  expect(service.seen.map(({ method, path }) => [method, path])).toEqual([
    ["GET", "/v1/pipelines/lg.t/state"],
  ]);
});

test("writes of many tasks at once go out in few requests, and all of them are there", async () => {
  const service = await startService();
  const saver = new CairnSaver({ url: service.url });
  const config = await saver.put({ configurable: { thread_id: "t" } }, checkpoint(["a"], 1), metadata, {
    messages: 1,
  });
  service.seen.length = 0;
  const tasks = Array.from({ length: 30 }, (_, i) => `task-${String(i).padStart(2, "0")}`);
  await Promise.all(tasks.map((task) => saver.putWrites(config, [["messages", [task]]], task)));
  expect(service.seen.length).toBeLessThanOrEqual(3);
  const tuple = await new CairnSaver({ url: service.url }).getTuple(config);
  expect(tuple?.pendingWrites).toEqual(tasks.map((task) => [task, "messages", [task]]));
});
