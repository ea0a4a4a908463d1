import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DeliveryOptions, deliver } from "../../../src/recovery/wake/deliver.ts";
import type { Network } from "../../../src/recovery/wake/network.ts";
import { nodeNetwork } from "../../../src/recovery/wake/node-network.ts";
import { parseWebhookSecrets } from "../../../src/recovery/wake/secrets.ts";
import { workerNetwork } from "../../../src/recovery/wake/worker-network.ts";
import { type Receiver, selfSigned, startReceiver } from "./receiver.ts";

const SECRET = `whsec_${btoa("0123456789abcdef01234567")}`;
const message = { id: "msg_1", body: '{"type":"pipeline.interrupted"}' };
const NAME = "hooks.cairn-test.dev";
/** Global unicast that was given back (RFC 3701): public by its number, and nobody is there to be called. */
const NOWHERE = "3ffe::1";
const identity = selfSigned(NAME);

let receiver: Receiver;
let secure: Receiver;
let elsewhere: Receiver;

beforeAll(async () => {
  [receiver, secure, elsewhere] = await Promise.all([
    startReceiver(),
    startReceiver(identity),
    startReceiver(),
  ]);
});
afterAll(() => Promise.all([receiver.stop(), secure.stop(), elsewhere.stop()]));
beforeEach(() => {
  for (const { received } of [receiver, secure, elsewhere]) received.length = 0;
});

async function signed() {
  const headers = await parseWebhookSecrets(SECRET).sign(message, new Date());
  return { body: message.body, headers };
}

async function send(target: string, options: DeliveryOptions = {}) {
  const allow = [receiver.origin, secure.origin];
  return deliver(target, await signed(), { allow, deadlineSeconds: 5, ...options });
}

/** Both can be driven from Node: what `fetch` makes of a receiver here, workerd's does as well, see worker.test.ts. */
describe.each<[string, () => Network]>([
  ["node:https", nodeNetwork],
  ["fetch", workerNetwork],
])("over %s", (_name, open) => {
  const network = open();

  it("a message arrives whole, once, and its signature verifies", async () => {
    expect(await send(`${receiver.origin}/200?token=1`, { network })).toEqual({
      delivered: true,
      status: 200,
    });
    expect(receiver.received).toHaveLength(1);
    const { method, path, headers, body } = receiver.received[0]!;
    expect([method, path, body]).toEqual(["POST", "/200?token=1", message.body]);
    expect(headers).toMatchObject({ "content-type": "application/json", "webhook-id": message.id });
    expect(new Webhook(SECRET).verify(body, headers)).toEqual(JSON.parse(message.body));
    expect(() => new Webhook(SECRET).verify(`${body} `, headers)).toThrow("No matching signature");
  });

  it.each([201, 202, 204])("%i is delivered", async (status) => {
    expect(await send(`${receiver.origin}/${status}`, { network })).toEqual({ delivered: true, status });
  });

  it.each([300, 304, 400, 401, 404, 429, 500, 502, 503])("%i is to be tried again", async (status) => {
    const delivery = await send(`${receiver.origin}/${status}`, { network });
    expect(delivery).toMatchObject({ delivered: false, final: false, status });
    expect(receiver.received).toHaveLength(1);
  });

  it("410 is final", async () => {
    expect(await send(`${receiver.origin}/410`, { network })).toMatchObject({
      delivered: false,
      final: true,
      status: 410,
    });
  });

  it("waits as long as it is asked to, up to an hour", async () => {
    const waited = async (text: string) => {
      const delivery = await send(`${receiver.origin}/wait?${encodeURIComponent(text)}`, { network });
      return delivery.delivered ? null : delivery.retryAfterSeconds;
    };
    expect(await waited("120")).toBe(120);
    expect(await waited("9999999")).toBe(3600);
    expect(await waited("soon")).toBeUndefined();
    const date = await waited(new Date(Date.now() + 60_000).toUTCString());
    expect(date).toBeGreaterThan(50);
    expect(date).toBeLessThanOrEqual(60);
    expect(await waited("Thu, 01 Jan 1970 00:00:00 GMT")).toBe(0);
  });

  it("follows no redirect, wherever it leads", async () => {
    for (const to of [`${receiver.origin}/200`, `${elsewhere.origin}/200`, "http://169.254.169.254/"]) {
      const delivery = await send(`${receiver.origin}/to?${encodeURIComponent(to)}`, { network });
      expect(delivery).toMatchObject({ delivered: false, final: false, status: 307 });
    }
    expect(receiver.received.map(({ path }) => path.slice(0, 4))).toEqual(["/to?", "/to?", "/to?"]);
    expect(elsewhere.received).toEqual([]);
  });

  it("gives up on a receiver that hangs, at the deadline", async () => {
    const from = performance.now();
    const delivery = await send(`${receiver.origin}/hang`, { network, deadlineSeconds: 0.4 });
    expect(delivery).toEqual({ delivered: false, final: false, why: "no answer within 0.4 s" });
    expect(performance.now() - from).toBeGreaterThan(350);
  });

  it("a connection that is reset, or refused, is to be tried again", async () => {
    const reset = await send(`${receiver.origin}/reset`, { network });
    expect(reset).toMatchObject({ delivered: false, final: false });
    const gone = await startReceiver();
    await gone.stop();
    const refused = await send(`${gone.origin}/200`, { network, allow: [gone.origin] });
    expect(refused).toMatchObject({ delivered: false, final: false });
    for (const each of [reset, refused]) expect(JSON.stringify(each)).not.toMatch(/127\.|localhost|\/200/);
  });

  it.each(["/stall", "/drip", "/cut"])("a 200 counts however the body ends: %s", async (path) => {
    const from = performance.now();
    const delivery = await send(receiver.origin + path, { network, deadlineSeconds: 0.4 });
    expect(delivery).toEqual({ delivered: true, status: 200 });
    expect(performance.now() - from).toBeLessThan(3000);
  });

  it("hangs up on a body without an end", async () => {
    const before = receiver.sent;
    expect(await send(`${receiver.origin}/huge`, { network })).toEqual({ delivered: true, status: 200 });
    // What the kernel's buffers took on top of the 64 KB that were read.
    expect(receiver.sent - before).toBeLessThan(8_000_000);
    const after = await new Promise<number>((done) => setTimeout(() => done(receiver.sent), 200));
    expect(await new Promise((done) => setTimeout(() => done(receiver.sent), 100))).toBe(after);
  });
});

describe("TLS", () => {
  const network = nodeNetwork({ ca: identity.cert });

  it("a certificate counts, by the authority and by the name", async () => {
    expect(await send(`${secure.origin}/200`, { network })).toEqual({ delivered: true, status: 200 });
    expect(await send(`${secure.origin}/200`)).toMatchObject({ delivered: false, final: false });
    expect(secure.received).toHaveLength(1);
  });

  it("the connection goes to the address that was checked, under the name that was asked for", async () => {
    const posting = {
      headers: {},
      body: "{}",
      signal: AbortSignal.timeout(5000),
      addresses: ["127.0.0.1"],
    };
    const url = new URL(`https://${NAME}:${secure.port}/200`);
    expect(await network.post({ ...posting, url })).toMatchObject({ status: 200 });
    expect(secure.received[0]!.headers.host).toBe(`${NAME}:${secure.port}`);
    const other = new URL(`https://other.cairn-test.dev:${secure.port}/200`);
    await expect(network.post({ ...posting, url: other })).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });
});

describe("addresses", () => {
  /** A name server that answers each question with the next of its answers, and the last for ever. */
  function resolving(...answers: string[][]) {
    const asked: string[] = [];
    const resolve = async (name: string) => answers[Math.min(asked.push(name), answers.length) - 1]!;
    return { asked, network: { ...nodeNetwork({ ca: identity.cert }), resolve } };
  }
  const target = () => `https://${NAME}:${secure.port}/200?token=secret`;

  it.each([
    [["127.0.0.1"]],
    [["10.0.0.1"]],
    [["169.254.169.254"]],
    [["::1"]],
    [["::ffff:127.0.0.1"]],
    [["64:ff9b::7f00:1"]],
    [["fd00:ec2::254"]],
    [["93.184.215.14", "127.0.0.1"]],
    [["127.0.0.1", "93.184.215.14"]],
    [["not an address"]],
  ])("a name that leads to %j is not called", async (addresses) => {
    const { network, asked } = resolving(addresses);
    expect(await send(target(), { network })).toEqual({
      delivered: false,
      final: false,
      why: "the host has an address that is not public",
    });
    expect(asked).toEqual([NAME]);
    expect(secure.received).toEqual([]);
  });

  it("a name that leads nowhere is not called", async () => {
    const why = "the host has no address";
    const failing = { ...nodeNetwork(), resolve: () => Promise.reject(new Error("ENOTFOUND")) };
    for (const network of [resolving([]).network, failing])
      expect(await send(target(), { network })).toEqual({ delivered: false, final: false, why });
  });

  it("Node's own look-up gives all addresses of a name, and an error for none", async () => {
    const addresses = await nodeNetwork().resolve("localhost");
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(["127.0.0.1", "::1"]).toContain(address);
    await expect(nodeNetwork().resolve("nowhere.invalid")).rejects.toThrow();
  });

  it("a look-up that hangs ends at the deadline", async () => {
    const network = { ...nodeNetwork(), resolve: () => new Promise<string[]>(() => {}) };
    const why = "no answer within 0.2 s";
    expect(await send(target(), { network, deadlineSeconds: 0.2 })).toMatchObject({ why });
  });

  it("a name that is public when checked and private a moment later is asked for once, and never reaches the private one", async () => {
    const { network, asked } = resolving([NOWHERE], ["127.0.0.1"]);
    expect(await send(target(), { network, deadlineSeconds: 0.3 })).toMatchObject({ final: false });
    expect(asked).toEqual([NAME]);
    const why = "the host has an address that is not public";
    expect(await send(target(), { network })).toMatchObject({ delivered: false, why });
    expect(asked).toEqual([NAME, NAME]);
    expect(secure.received).toEqual([]);
  });

  it("the control: a second question would have reached the private server", async () => {
    const { network } = resolving([NOWHERE], ["127.0.0.1"]);
    const careless: Network = {
      ...network,
      post: async (posting) =>
        network.post({ ...posting, addresses: await network.resolve(posting.url.hostname) }),
    };
    expect(await send(target(), { network: careless })).toMatchObject({ delivered: true });
    expect(secure.received).toHaveLength(1);
  });

  it("an exempt origin is called without a look-up; another port of its host is not exempt", async () => {
    const { network, asked } = resolving(["127.0.0.1"]);
    const allow = [`https://${NAME}:1`];
    expect(await send(target(), { network, allow })).toMatchObject({ delivered: false });
    expect(asked).toEqual([NAME]);
    expect(await send(`${elsewhere.origin}/200`)).toMatchObject({
      final: true,
      why: "the webhook URL must be an https URL",
    });
    expect(elsewhere.received).toEqual([]);
  });
});
