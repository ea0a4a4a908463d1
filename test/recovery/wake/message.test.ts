import { inspect } from "node:util";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { type Interruption, wakeMessage } from "../../../src/recovery/wake/message.ts";
import { parseWebhookSecrets } from "../../../src/recovery/wake/secrets.ts";

const interruption: Interruption = {
  tenant: "acme",
  pipelineId: "nightly.etl-7",
  kind: "nightly-etl",
  labels: { team: "search" },
  attempt: 2,
  version: 17,
  fence: 5,
  at: "2026-11-23T08:00:00.000Z",
};
const secretOf = (byte: number, length = 32) =>
  `whsec_${Buffer.from(new Uint8Array(length).fill(byte)).toString("base64")}`;

describe("the message", () => {
  it("says who was interrupted, and nothing of the tenant or the state", async () => {
    const { id, body } = await wakeMessage(interruption);
    expect(id).toMatch(/^msg_[0-9a-f]{32}$/);
    const { tenant: _, at, ...data } = interruption;
    expect(JSON.parse(body)).toEqual({ type: "pipeline.interrupted", timestamp: at, data });
    const more = {
      checkpointId: "019aaf3e-8f00-7c11-b3a1-0f4e5d6c7b8a",
      resumeUrl: "https://cairn.example.com/v1/pipelines/nightly.etl-7/resume",
    };
    expect(JSON.parse((await wakeMessage({ ...interruption, ...more })).body).data).toEqual({
      ...data,
      ...more,
    });
  });

  it("has one id for one interruption, and another for every other", async () => {
    const idOf = async (change: Partial<Interruption>) =>
      (await wakeMessage({ ...interruption, ...change })).id;
    const id = await idOf({});
    expect(await idOf({ attempt: 3, version: 18 })).toBe(id);
    const others = await Promise.all([
      idOf({ fence: 6 }),
      idOf({ pipelineId: "nightly.etl" }),
      idOf({ tenant: "acme2" }),
      // One that held no lease keeps its fence from interruption to interruption.
      idOf({ at: "2026-11-23T09:00:00.000Z" }),
    ]);
    expect(new Set([id, ...others]).size).toBe(5);
  });
});

describe("the signature", () => {
  it("verifies with each of the secrets, and with no other", async () => {
    const [old, current, another] = [secretOf(1), secretOf(2), secretOf(3)];
    const message = await wakeMessage(interruption);
    const now = new Date();
    const headers = await parseWebhookSecrets(`${current}, ${old}`).sign(message, now);
    expect(Object.keys(headers)).toEqual(["webhook-id", "webhook-timestamp", "webhook-signature"]);
    expect(headers["webhook-id"]).toBe(message.id);
    expect(headers["webhook-timestamp"]).toBe(String(Math.floor(now.getTime() / 1000)));
    expect(headers["webhook-signature"]).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
    for (const secret of [old, current])
      expect(new Webhook(secret).verify(message.body, headers)).toEqual(JSON.parse(message.body));
    expect(() => new Webhook(another).verify(message.body, headers)).toThrow("No matching signature");
  });

  it("is the one of the specification's example", async () => {
    const secrets = parseWebhookSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' };
    expect(await secrets.sign(message, new Date(1_614_265_330_000))).toMatchObject({
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });
});

describe("the secrets", () => {
  it.each([
    secretOf(1),
    secretOf(1, 24),
    secretOf(1, 64),
    ` ${secretOf(1)} `,
    `${secretOf(1)} ${secretOf(2)}`,
    `${secretOf(1)},${secretOf(2)},`,
    `${secretOf(1)}\n${secretOf(2)}`,
  ])("are read from %j", async (text) => {
    const { "webhook-signature": signature = "" } = await parseWebhookSecrets(text).sign(
      { id: "msg_1", body: "{}" },
      new Date(),
    );
    expect(signature.split(" ")).toHaveLength(text.split("whsec_").length - 1);
  });

  const good = secretOf(7);
  it.each([
    ["", [["", "holds no secret"]]],
    [" , ", [["", "holds no secret"]]],
    [good.slice(6), [["/0", "does not begin with whsec_"]]],
    [`${good} hunter2hunter2`, [["/1", "does not begin with whsec_"]]],
    [`${good} ${good}`, [["/1", "is given twice"]]],
    [secretOf(1, 23), [["/0", "is not 24 to 64 bytes long"]]],
    [secretOf(1, 65), [["/0", "is not 24 to 64 bytes long"]]],
    ["whsec_", [["/0", "is not 24 to 64 bytes long"]]],
    ["whsec_hunter2!", [["/0", "has something else than base64 after whsec_"]]],
    [secretOf(1).slice(0, -1), [["/0", "has something else than base64 after whsec_"]]],
    [`whsec_${"hunt".repeat(10)}B=`, [["/0", "has something else than base64 after whsec_"]]],
    [
      `x whsec_-_ ${good}`,
      [
        ["/0", "does not begin with whsec_"],
        ["/1", "has something else than base64 after whsec_"],
      ],
    ],
  ])("%j is refused without being repeated", (text, problems) => {
    const errors = problems.map(([pointer, message]) => ({
      pointer: `CAIRN_WEBHOOK_SECRETS${pointer}`,
      message,
    }));
    let thrown: unknown;
    try {
      parseWebhookSecrets(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "invalid_configuration", facts: { errors } });
    expect(inspect(thrown)).not.toMatch(/hunt/);
    expect(inspect(thrown)).not.toContain(good.slice(6));
  });

  it("are shown by nothing", () => {
    const secrets = parseWebhookSecrets(good);
    const shown = [
      JSON.stringify({ secrets }),
      inspect(secrets, { showHidden: true, depth: 9 }),
      `${secrets}`,
    ];
    for (const text of shown) expect(text).not.toContain(good.slice(6, 20));
  });
});
