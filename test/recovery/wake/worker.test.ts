import { gzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleWorker } from "../../../src/cli/bundle.ts";
import { type Runtime, startRuntime } from "../../../src/cli/runtime.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

const SECRET = `whsec_${btoa("0123456789abcdef01234567")}`;
let runtime: Runtime;
let receiver: Receiver;
let script: string;

beforeAll(async () => {
  receiver = await startReceiver();
  script = await bundleWorker("test/recovery/wake/fixtures/waker.ts");
  const onDeath = (reason: string) => console.error(reason);
  const place = { host: "127.0.0.1", port: 0, bucket: "unused", bindings: {} };
  runtime = await startRuntime({ script, onDeath, ...place });
});
afterAll(() => Promise.all([runtime?.stop(), receiver?.stop()]));

async function ask(order: object): Promise<unknown> {
  const body = JSON.stringify({ allow: [receiver.origin], secrets: SECRET, ...order });
  return (await fetch(runtime.url, { method: "POST", body })).json();
}

it("a message leaves workerd signed, and arrives", async () => {
  receiver.received.length = 0;
  expect(await ask({ target: `${receiver.origin}/200` })).toEqual({ delivered: true, status: 200 });
  const [{ body, headers }] = receiver.received as [(typeof receiver.received)[0]];
  expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({ type: "pipeline.interrupted" });
});

it.each([
  ["/500", { delivered: false, final: false, status: 500 }],
  ["/410", { delivered: false, final: true, status: 410 }],
  ["/wait?7", { delivered: false, status: 503, retryAfterSeconds: 7 }],
  ["/hang", { delivered: false, final: false, why: "no answer within 2 s" }],
  ["/reset", { delivered: false, final: false }],
  ["/huge", { delivered: true, status: 200 }],
  ["/stall", { delivered: true, status: 200 }],
  ["/cut", { delivered: true, status: 200 }],
])("from workerd, %s ends as from Node", async (path, outcome) => {
  expect(await ask({ target: receiver.origin + path })).toMatchObject(outcome);
});

it("workerd follows no redirect", async () => {
  receiver.received.length = 0;
  const to = encodeURIComponent(`${receiver.origin}/200`);
  expect(await ask({ target: `${receiver.origin}/to?${to}` })).toMatchObject({ final: false, status: 307 });
  expect(receiver.received).toHaveLength(1);
});

it("workerd calls no name that leads to a private address, or nowhere", async () => {
  const target = "https://hooks.cairn-test.dev/";
  expect(await ask({ target, addresses: ["8.8.8.8", "10.0.0.1"] })).toMatchObject({
    why: "the host has an address that is not public",
  });
  expect(await ask({ target, addresses: [] })).toMatchObject({ why: "the host has no address" });
  const check = ["64:ff9b::a01:203", "::ffff:10.0.0.1", "127.0.0.1", "8.8.8.8", "64:ff9b::808:808"];
  expect(await ask({ check })).toEqual([false, false, false, true, true]);
});

it("the whole of it weighs little", () => {
  expect(gzipSync(script).length).toBeLessThan(12_000);
});
